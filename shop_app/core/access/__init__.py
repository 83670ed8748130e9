"""Access: who someone is, what they may call, and how often they may do it."""
