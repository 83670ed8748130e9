"""Who someone is: sessions and passwords, for staff and customers alike."""
