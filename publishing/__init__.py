"""What turns the repository into what is published: packages, releases, versions, books."""
