"""What a report says, before any format: verdict, gates, slices, cases, spending and facts in words."""
