"""The commands, run as a person would: words in; sentences, JSON and exit status out."""
