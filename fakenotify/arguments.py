"""The arguments of the verbs that create and assert, for editors and type checkers; nothing imports it at run time.

``None`` stands for an argument that is not given. A test compares the names with what the operations take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from re import Pattern
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from typing_extensions import Required

    from fakenotify.notify.records import Binding, Credential, Notification, Service

BindingType = Literal["apn", "fcm", "gcm", "sms", "facebook-messenger", "alexa"]
CredentialType = Literal["apn", "fcm", "gcm"]
Json = Mapping[str, Any]


class ServiceArguments(TypedDict, total=False):
    """What ``create_service`` takes beside ``friendly_name`` and ``sid``."""

    apn_credential_sid: Credential | str | None
    gcm_credential_sid: Credential | str | None
    fcm_credential_sid: Credential | str | None
    messaging_service_sid: str | None
    facebook_messenger_page_id: str | None
    default_apn_notification_protocol_version: str | None
    default_gcm_notification_protocol_version: str | None
    default_fcm_notification_protocol_version: str | None
    log_enabled: bool | None
    alexa_skill_id: str | None
    default_alexa_notification_protocol_version: str | None
    delivery_callback_url: str | None
    delivery_callback_enabled: bool | None


class CredentialArguments(TypedDict, total=False):
    """What ``create_credential`` takes beside ``type``."""

    friendly_name: str | None
    certificate: str | None
    private_key: str | None
    sandbox: bool | None
    api_key: str | None
    secret: str | None


class BindingArguments(TypedDict, total=False):
    """What ``create_binding`` takes beside the Service."""

    identity: Required[str]
    binding_type: Required[BindingType]
    address: Required[str]
    tags: Iterable[str] | None
    notification_protocol_version: str | None
    credential_sid: Credential | str | None
    endpoint: str | None


class NotificationArguments(TypedDict, total=False):
    """What ``create_notification`` takes beside the Service."""

    identities: str | Iterable[str] | None
    tags: str | Iterable[str] | None
    segments: str | Iterable[str] | None
    to_binding: str | Json | Iterable[str | Json] | None
    body: str | None
    title: str | None
    sound: str | None
    action: str | None
    priority: Literal["high", "low"] | None
    ttl: int | None
    data: str | Json | None
    apn: str | Json | None
    fcm: str | Json | None
    gcm: str | Json | None
    sms: str | Json | None
    facebook_messenger: str | Json | None
    alexa: str | Json | None
    delivery_callback_url: str | None


class UserArguments(TypedDict, total=False):
    """What ``create_user`` takes beside the Service."""

    identity: Required[str]
    segments: str | Iterable[str] | None


class DeliveryFields(TypedDict, total=False):
    """What ``assert_delivered`` and ``assert_not_delivered`` compare; an ``object`` is compared by ``==``.

    A compiled regular expression is found in the field; ``payload`` is contained in the delivery's.
    """

    sid: object
    notification_sid: Notification | str | Pattern[str] | None
    service_sid: Service | str | Pattern[str] | None
    account_sid: object
    binding_sid: Binding | str | Pattern[str] | None
    identity: object
    binding_type: BindingType | Pattern[str]
    address: object
    status: Literal["SENT", "FAILED"] | Pattern[str]
    error_code: object
    error_message: object
    payload: object
    headers: object
    credential_sid: Credential | str | Pattern[str] | None
    protocol_version: object
    provider_url: object
    date_created: object
    title: object
    body: object
