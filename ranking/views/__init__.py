"""Pages of the lower app, all of them the admin's: versions, trainings, monitoring."""
