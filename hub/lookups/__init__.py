"""Read-only questions to other systems. So far the table of their definitions; asking comes with the first source."""
