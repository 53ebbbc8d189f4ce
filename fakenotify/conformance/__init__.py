"""What another Notify is asked, how its answers are judged, and how recorded traffic is compared."""
