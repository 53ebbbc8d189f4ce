"""The Debugger's catalogue: the codes 52000 to 52404 with Twilio's titles.

All are documented (https://www.twilio.com/docs/api/errors).

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
    title: str
    detail: str | None = None
    level: Literal["ERROR", "WARNING"] = "ERROR"
    when: Literal["D", "D/S", "M", "A", "C", "T"] = "D"

    @property
    def of_notify(self) -> bool:
        """Whether Notify itself can raise it."""
        return self.when in ("D", "D/S", "M")


# A row is a line, or two.
# fmt: off
CODES = {each.code: each for each in (
    Code(52000, "Internal notification error", "Internal error is inside of notification services"),
    Code(52001, "Invalid destination binding", "Provided destination binding information is invalid"),
    Code(52002, "Invalid Credential Sid", "Provided credential sid is invalid or empty", when="D/S"),
    Code(52003, "Invalid Credential Type", "Credential type and binding type does not match", when="D/S"),
    Code(52004, "Credential SID not specified",
         "Credential SID not specified in binding, token or service", when="D/S"),
    Code(52005, "Invalid credential content",
         "The credential is malformed or was rejected by the push provider.", when="D/S"),
    Code(52051, "Internal error when sending notification via client connection",
         "An unexpected error has happened in notification flow via realtime client connection", when="A"),
    Code(52052, "Client connection not created or closed",
         "Websocket gateway could not find connection to user for sending notification", level="WARNING", when="A"),
    Code(52071, "Internal error when sending notification via mqtt client connection",
         "An unexpected error has happened in notification flow via mqtt client connection", when="A"),
    Code(52072, "Client mqtt connection not created or closed",
         "Mqtt gateway could not find connection to user for sending notification", level="WARNING", when="A"),
    Code(52101, "Invalid GCM Api Key or FCM Secret", "GCM/FCM credential contains invalid or empty ApiKey/Secret"),
    Code(52102, "Invalid GCM/FCM registration token", "GCM/FCM service responded with InvalidRegistration error"),
    Code(52103, "GCM/FCM client uninstalled or turned off notifications",
         "GCM/FCM service marked used registration id as unusable anymore"),
    Code(52104, "Mismatched GCM/FCM sender ID",
         "GCM/FCM application used different sender id with provided application credentials (ApiKey/Secret)"),
    Code(52105, "Invalid GCM/FCM package name", "Mismatch package name in request and from GCM/FCM registration id"),
    Code(52106, "Notification too large for GCM/FCM",
         "Try to send notification through GCM/FCM binding channel with too big payload"),
    Code(52107, "Invalid custom key for GCM/FCM", "Using one of custom keys is rejected by GCM/FCM service"),
    Code(52108, "GCM/FCM device message rate exceeded", "Too many requests were sent to GCM/FCM service"),
    Code(52109, "GCM/FCM unauthorized error", "GCM/FCM could not authorise request"),
    Code(52110, "GCM/FCM service unavailable", "GCM/FCM service is temporary unavailable"),
    Code(52111, "GCM/FCM unknown error", "Unexpected error has happened in GCM/FCM binding adaptor"),
    Code(52115, "Service account does not have permission to send FCM messages",
         "The service account associated with the provided FCM credentials does not have the required permissions to send push notifications"),
    Code(52116, "Legacy FCM server key credential used to send notifications",
         "Google will deprecate the legacy FCM API in June 2024", level="WARNING"),
    Code(52117, "Deprecated GCM/FCM API is used to send notifications",
         "Google has deprecated the legacy FCM API in June 2024"),
    Code(52131, "Invalid APNs credentials", "APN certificate or Private Key are invalid"),
    Code(52133, "Invalid APNs device token size", "APN token size is invalid"),
    Code(52134, "Invalid APNs device token", "APNs rejected notification with InvalidToken reason"),
    Code(52135, "Missing subject in APNs certificate", "APNs certificate is invalid"),
    Code(52136, "Missing payload for APNs delivery", "Payload must be provided to send notification over APNs"),
    Code(52137, "Invalid size of subject in APNs certificate", "APNs certificate is invalid"),
    Code(52138, "APNs payload too large", "Provided payload is too large for APNs"),
    Code(52139, "APN service shutdown", "APNs is shutdown"),
    Code(52140, "Unknown APNs error", "Unexpected error has happened in Apn binding adaptor"),
    Code(52141, "The provided APNs device token has been unregistered",
         "The device token specified is inactive for the specified topic."),
    Code(52142, "The provided APNs device token is not correct", "APNs Device Token is missing or malformed"),
    Code(52143, "The push notification was rejected by APNs", "Request was malformed"),
    Code(52144, "APNs experienced an internal error", "APNs was unable to handle your request"),
    Code(52145, "Failed to authenticate with APNs", "Could not authenticate with APNs using the provided credentials"),
    Code(52147, "Too many APNs provider token updates", level="WARNING"),
    Code(52148, "Expired APNs provider token used"),
    Code(52149, "Invalid APNs provider token used"),
    Code(52161, "Empty Credentials", "Credentials are misconfigured or not exist yet", when="D/S"),
    Code(52162, "Credentials do not belong to used account",
         "Account sid from credentials is not equal account sid which is used for sending notification", when="D/S"),
    Code(52163, "Incorrect URL used to retrieve Webhook Credentials", when="C"),
    Code(52164, "No Credentials found for the supplied Binding Type", when="C"),
    Code(52165, "No Credentials found for the supplied Identifier", when="C"),
    Code(52166, "Webhook Credentials endpoint responded with Internal Error", when="C"),
    Code(52167, "Invalid Webhook Credentials response", when="C"),
    Code(52168, "Webhook Credentials request timed out", when="C"),
    Code(52170, "Too many Webhook Credential requests", when="C"),
    Code(52171, "Webhook Credentials request signature was not verified", when="C"),
    Code(52172, "Unexpected Binding Type used for Webhook Credentials request", level="WARNING", when="C"),
    Code(52173, "Unexpected Identifier used for Webhook Credentials request", level="WARNING", when="C"),
    Code(52174, "Unexpected error response received for Webhook Credentials request", level="WARNING", when="C"),
    Code(52181, "Too many SMS notification requests", "Global SMS notification per second limit exceeded"),
    Code(52182, "Messaging Service not specified", "MessagingServiceSid in Notify Service is not specified"),
    Code(52201, "Too many Facebook messenger notification requests",
         "Too many Facebook messenger notifications are sent from the same Facebook page ID"),
    Code(52202, "Facebook page is not connected to Twilio",
         "Facebook page configured in Service is not connected to Twilio"),
    Code(52203, "Missing body for Facebook Messenger delivery attempt",
         "Either Body or FacebookMessenger parameter of Notification should be used to specify the message body"),
    Code(52211, "Too many Alexa notifications", "You are sending Alexa notifications too fast"),
    Code(52212, "Missing Alexa skill ID", "You have not specified the Alexa Skill ID in the Notify Service"),
    Code(52213, "Invalid Alexa user ID", "The message has been rejected by Alexa channel due to an invalid User ID"),
    Code(52214, "Alexa skill is not connected to Twilio",
         "The Alexa skill configured for the Notify Service is not connected to Twilio"),
    Code(52215, "Missing Title parameter for Alexa",
         "Message has been rejected by Alexa channel due to missing Title parameter"),
    Code(52301, "Resulted destination list for requested parameters is empty",
         "Search of target destinations by provided parameters returned empty list", level="WARNING"),
    Code(52302, "Too many recipients",
         "Request has exceed the maximum recipients limit. No deliveries were attempted."),
    Code(52303, "Concurrent User update",
         "Concurrent User update may have caused User data inconsistency", level="WARNING", when="M"),
    Code(52304, "User already exists", "User with this identity already exists", level="WARNING", when="M"),
    Code(52305, "User already belongs to the segment",
         "User is already a member of this segment", level="WARNING", when="M"),
    Code(52306, "Cannot delete User resource with Bindings",
         "User cannot be deleted if it has at least one Binding", when="M"),
    Code(52307, "No users with provided segments",
         "No users were found belonging to the specified segment(s)", level="WARNING"),
    Code(52309, "Channel provider replied with an error",
         "Channel provider (Amazon Alexa, Facebook, etc) replied with an error"),
    Code(52310, "Notification TTL has expired"),
    Code(52311, "Delivery callback invocation failed", "Notify is unable to invoke the given callback"),
    Code(52400, "Exceeded maximum iterations in template rendering", "max 1000 iterations", when="T"),
    Code(52401, "Too many notification log events",
         "Too many notification log events, some may be discarded.", level="WARNING"),
    Code(52402, "General rendering problem with variables in a parsed template",
         "template size limit 6400 bytes, rendering timeout 3000 ms", when="T"),
    Code(52403, "Provided text template in the notification request cannot be parsed", when="T"),
    Code(52404, "Undefined variable within the notification payload template", when="T"),
)}
# fmt: on
