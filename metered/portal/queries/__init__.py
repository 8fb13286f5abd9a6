"""Reading across the stages, for pages that show more than one. The viewer always comes first."""
