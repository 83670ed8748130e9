"""What makes a cart cheaper: offers, their codes and limits, and what they take off."""
