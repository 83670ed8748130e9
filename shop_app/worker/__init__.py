"""Background work: the jobs, and the timetable that they run by."""
