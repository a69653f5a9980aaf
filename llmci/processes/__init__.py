"""Programs of the user's own, in processes of their own."""
