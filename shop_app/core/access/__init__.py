"""Access: who somebody is, what they may call, and how often they may do it."""
