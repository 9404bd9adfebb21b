"""Money stories, one a file, each with one public function of the file's name."""
