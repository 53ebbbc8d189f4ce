"""The Debugger's catalogue: the codes 52000 to 52404 with Twilio's titles. All are documented (https://www.twilio.com/docs/api/errors).

Codes whose ``when`` is A (real-time client gateway), C (webhook credentials) or T (templates) belong to other
products that share the catalogue; Notify itself never raises them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the Debugger.

    ``when``: ``D`` at delivery, ``D/S`` at delivery or at once, ``M`` Users and Segments; ``A``, ``C``, ``T``: others.
    """

    code: int
    level: Literal["ERROR", "WARNING"]
    title: str
    detail: str | None
    when: Literal["D", "D/S", "M", "A", "C", "T"]

    @property
    def of_notify(self) -> bool:
        """Whether Notify itself can raise it."""
        return self.when in ("D", "D/S", "M")


CODES = {
    code.code: code
    for code in (
        Code(52000, "ERROR", "Internal notification error", "Internal error is inside of notification services", "D"),
        Code(52001, "ERROR", "Invalid destination binding", "Provided destination binding information is invalid", "D"),
        Code(52002, "ERROR", "Invalid Credential Sid", "Provided credential sid is invalid or empty", "D/S"),
        Code(52003, "ERROR", "Invalid Credential Type", "Credential type and binding type does not match", "D/S"),
        Code(
            52004,
            "ERROR",
            "Credential SID not specified",
            "Credential SID not specified in binding, token or service",
            "D/S",
        ),
        Code(
            52005,
            "ERROR",
            "Invalid credential content",
            "The credential is malformed or was rejected by the push provider.",
            "D/S",
        ),
        Code(
            52051,
            "ERROR",
            "Internal error when sending notification via client connection",
            "An unexpected error has happened in notification flow via realtime client connection",
            "A",
        ),
        Code(
            52052,
            "WARNING",
            "Client connection not created or closed",
            "Websocket gateway could not find connection to user for sending notification",
            "A",
        ),
        Code(
            52071,
            "ERROR",
            "Internal error when sending notification via mqtt client connection",
            "An unexpected error has happened in notification flow via mqtt client connection",
            "A",
        ),
        Code(
            52072,
            "WARNING",
            "Client mqtt connection not created or closed",
            "Mqtt gateway could not find connection to user for sending notification",
            "A",
        ),
        Code(
            52101,
            "ERROR",
            "Invalid GCM Api Key or FCM Secret",
            "GCM/FCM credential contains invalid or empty ApiKey/Secret",
            "D",
        ),
        Code(
            52102,
            "ERROR",
            "Invalid GCM/FCM registration token",
            "GCM/FCM service responded with InvalidRegistration error",
            "D",
        ),
        Code(
            52103,
            "ERROR",
            "GCM/FCM client uninstalled or turned off notifications",
            "GCM/FCM service marked used registration id as unusable anymore",
            "D",
        ),
        Code(
            52104,
            "ERROR",
            "Mismatched GCM/FCM sender ID",
            "GCM/FCM application used different sender id with provided application credentials (ApiKey/Secret)",
            "D",
        ),
        Code(
            52105,
            "ERROR",
            "Invalid GCM/FCM package name",
            "Mismatch package name in request and from GCM/FCM registration id",
            "D",
        ),
        Code(
            52106,
            "ERROR",
            "Notification too large for GCM/FCM",
            "Try to send notification through GCM/FCM binding channel with too big payload",
            "D",
        ),
        Code(
            52107,
            "ERROR",
            "Invalid custom key for GCM/FCM",
            "Using one of custom keys is rejected by GCM/FCM service",
            "D",
        ),
        Code(
            52108,
            "ERROR",
            "GCM/FCM device message rate exceeded",
            "Too many requests were sent to GCM/FCM service",
            "D",
        ),
        Code(52109, "ERROR", "GCM/FCM unauthorized error", "GCM/FCM could not authorise request", "D"),
        Code(52110, "ERROR", "GCM/FCM service unavailable", "GCM/FCM service is temporary unavailable", "D"),
        Code(52111, "ERROR", "GCM/FCM unknown error", "Unexpected error has happened in GCM/FCM binding adaptor", "D"),
        Code(
            52115,
            "ERROR",
            "Service account does not have permission to send FCM messages",
            "The service account associated with the provided FCM credentials does not have the required permissions to send push notifications",
            "D",
        ),
        Code(
            52116,
            "WARNING",
            "Legacy FCM server key credential used to send notifications",
            "Google will deprecate the legacy FCM API in June 2024",
            "D",
        ),
        Code(
            52117,
            "ERROR",
            "Deprecated GCM/FCM API is used to send notifications",
            "Google has deprecated the legacy FCM API in June 2024",
            "D",
        ),
        Code(52131, "ERROR", "Invalid APNs credentials", "APN certificate or Private Key are invalid", "D"),
        Code(52133, "ERROR", "Invalid APNs device token size", "APN token size is invalid", "D"),
        Code(52134, "ERROR", "Invalid APNs device token", "APNs rejected notification with InvalidToken reason", "D"),
        Code(52135, "ERROR", "Missing subject in APNs certificate", "APNs certificate is invalid", "D"),
        Code(
            52136,
            "ERROR",
            "Missing payload for APNs delivery",
            "Payload must be provided to send notification over APNs",
            "D",
        ),
        Code(52137, "ERROR", "Invalid size of subject in APNs certificate", "APNs certificate is invalid", "D"),
        Code(52138, "ERROR", "APNs payload too large", "Provided payload is too large for APNs", "D"),
        Code(52139, "ERROR", "APN service shutdown", "APNs is shutdown", "D"),
        Code(52140, "ERROR", "Unknown APNs error", "Unexpected error has happened in Apn binding adaptor", "D"),
        Code(
            52141,
            "ERROR",
            "The provided APNs device token has been unregistered",
            "The device token specified is inactive for the specified topic.",
            "D",
        ),
        Code(
            52142,
            "ERROR",
            "The provided APNs device token is not correct",
            "APNs Device Token is missing or malformed",
            "D",
        ),
        Code(52143, "ERROR", "The push notification was rejected by APNs", "Request was malformed", "D"),
        Code(52144, "ERROR", "APNs experienced an internal error", "APNs was unable to handle your request", "D"),
        Code(
            52145,
            "ERROR",
            "Failed to authenticate with APNs",
            "Could not authenticate with APNs using the provided credentials",
            "D",
        ),
        Code(52147, "WARNING", "Too many APNs provider token updates", None, "D"),
        Code(52148, "ERROR", "Expired APNs provider token used", None, "D"),
        Code(52149, "ERROR", "Invalid APNs provider token used", None, "D"),
        Code(52161, "ERROR", "Empty Credentials", "Credentials are misconfigured or not exist yet", "D/S"),
        Code(
            52162,
            "ERROR",
            "Credentials do not belong to used account",
            "Account sid from credentials is not equal account sid which is used for sending notification",
            "D/S",
        ),
        Code(52163, "ERROR", "Incorrect URL used to retrieve Webhook Credentials", None, "C"),
        Code(52164, "ERROR", "No Credentials found for the supplied Binding Type", None, "C"),
        Code(52165, "ERROR", "No Credentials found for the supplied Identifier", None, "C"),
        Code(52166, "ERROR", "Webhook Credentials endpoint responded with Internal Error", None, "C"),
        Code(52167, "ERROR", "Invalid Webhook Credentials response", None, "C"),
        Code(52168, "ERROR", "Webhook Credentials request timed out", None, "C"),
        Code(52170, "ERROR", "Too many Webhook Credential requests", None, "C"),
        Code(52171, "ERROR", "Webhook Credentials request signature was not verified", None, "C"),
        Code(52172, "WARNING", "Unexpected Binding Type used for Webhook Credentials request", None, "C"),
        Code(52173, "WARNING", "Unexpected Identifier used for Webhook Credentials request", None, "C"),
        Code(52174, "WARNING", "Unexpected error response received for Webhook Credentials request", None, "C"),
        Code(
            52181,
            "ERROR",
            "Too many SMS notification requests",
            "Global SMS notification per second limit exceeded",
            "D",
        ),
        Code(
            52182,
            "ERROR",
            "Messaging Service not specified",
            "MessagingServiceSid in Notify Service is not specified",
            "D",
        ),
        Code(
            52201,
            "ERROR",
            "Too many Facebook messenger notification requests",
            "Too many Facebook messenger notifications are sent from the same Facebook page ID",
            "D",
        ),
        Code(
            52202,
            "ERROR",
            "Facebook page is not connected to Twilio",
            "Facebook page configured in Service is not connected to Twilio",
            "D",
        ),
        Code(
            52203,
            "ERROR",
            "Missing body for Facebook Messenger delivery attempt",
            "Either Body or FacebookMessenger parameter of Notification should be used to specify the message body",
            "D",
        ),
        Code(52211, "ERROR", "Too many Alexa notifications", "You are sending Alexa notifications too fast", "D"),
        Code(
            52212,
            "ERROR",
            "Missing Alexa skill ID",
            "You have not specified the Alexa Skill ID in the Notify Service",
            "D",
        ),
        Code(
            52213,
            "ERROR",
            "Invalid Alexa user ID",
            "The message has been rejected by Alexa channel due to an invalid User ID",
            "D",
        ),
        Code(
            52214,
            "ERROR",
            "Alexa skill is not connected to Twilio",
            "The Alexa skill configured for the Notify Service is not connected to Twilio",
            "D",
        ),
        Code(
            52215,
            "ERROR",
            "Missing Title parameter for Alexa",
            "Message has been rejected by Alexa channel due to missing Title parameter",
            "D",
        ),
        Code(
            52301,
            "WARNING",
            "Resulted destination list for requested parameters is empty",
            "Search of target destinations by provided parameters returned empty list",
            "D",
        ),
        Code(
            52302,
            "ERROR",
            "Too many recipients",
            "Request has exceed the maximum recipients limit. No deliveries were attempted.",
            "D",
        ),
        Code(
            52303,
            "WARNING",
            "Concurrent User update",
            "Concurrent User update may have caused User data inconsistency",
            "M",
        ),
        Code(52304, "WARNING", "User already exists", "User with this identity already exists", "M"),
        Code(52305, "WARNING", "User already belongs to the segment", "User is already a member of this segment", "M"),
        Code(
            52306,
            "ERROR",
            "Cannot delete User resource with Bindings",
            "User cannot be deleted if it has at least one Binding",
            "M",
        ),
        Code(
            52307,
            "WARNING",
            "No users with provided segments",
            "No users were found belonging to the specified segment(s)",
            "D",
        ),
        Code(
            52309,
            "ERROR",
            "Channel provider replied with an error",
            "Channel provider (Amazon Alexa, Facebook, etc) replied with an error",
            "D",
        ),
        Code(52310, "ERROR", "Notification TTL has expired", None, "D"),
        Code(
            52311, "ERROR", "Delivery callback invocation failed", "Notify is unable to invoke the given callback", "D"
        ),
        Code(52400, "ERROR", "Exceeded maximum iterations in template rendering", "max 1000 iterations", "T"),
        Code(
            52401,
            "WARNING",
            "Too many notification log events",
            "Too many notification log events, some may be discarded.",
            "D",
        ),
        Code(
            52402,
            "ERROR",
            "General rendering problem with variables in a parsed template",
            "template size limit 6400 bytes, rendering timeout 3000 ms",
            "T",
        ),
        Code(52403, "ERROR", "Provided text template in the notification request cannot be parsed", None, "T"),
        Code(52404, "ERROR", "Undefined variable within the notification payload template", None, "T"),
    )
}
