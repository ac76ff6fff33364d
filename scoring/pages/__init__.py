"""Page templates: each page is one file that makes no request, under a strict content security policy."""
