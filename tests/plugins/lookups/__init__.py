"""Sources of questions, against stand-ins that answer as was recorded."""
