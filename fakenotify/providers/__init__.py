"""APNs, FCM and Twilio Messages, as far as a test of the way off Notify needs them."""
