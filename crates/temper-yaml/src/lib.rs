//! YAML with exact byte spans, and edits that leave every other byte alone.
