"""Actions on many records at once, done row by row in the background; and the runs of the timetable."""
