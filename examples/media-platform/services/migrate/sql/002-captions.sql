ALTER TABLE assets ADD COLUMN caption text;
