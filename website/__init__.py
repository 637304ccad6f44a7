"""The documentation as a site: what MkDocs is told beyond the pages in ``docs``."""
