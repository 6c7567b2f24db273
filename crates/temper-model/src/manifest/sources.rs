use temper_dockerfile::{Dockerfile, InstructionKind};

/// The paths in the build context that COPY and ADD of any stage take, and those that `RUN --mount=type=bind` sees.
pub(crate) fn context_sources(dockerfile: &Dockerfile) -> Vec<String> {
    let mut sources = Vec::new();
    for instruction in &dockerfile.instructions {
        match &instruction.kind {
            InstructionKind::Copy { sources: words, .. } | InstructionKind::Add { sources: words, .. }
                if instruction.flag("from").is_none() =>
            {
                sources.extend(words.iter().flat_map(|word| expanded(&word.text)));
            }
            InstructionKind::Run(_) => {
                let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
                sources.extend(mounts.filter_map(|flag| bind_source(&flag.value.as_ref()?.text)));
            }
            _ => {}
        }
    }
    sources.retain(|source| !source.contains('$') && !source.contains("://"));
    sources
}

/// `package*.json` is what Node projects write for `package.json`; other patterns stand for their directory.
fn expanded(word: &str) -> Option<String> {
    let word = word.trim_matches(['"', '\'']);
    match word.find(['*', '?', '[']) {
        None => Some(word.to_owned()),
        Some(_) => Some(word.rsplit_once('/').map_or(".", |(directory, _)| directory).to_owned()),
    }
}

/// The `source` of a bind mount from the build context.
fn bind_source(mount: &str) -> Option<String> {
    let options: Vec<(&str, &str)> = mount.split(',').filter_map(|option| option.split_once('=')).collect();
    let get = |names: &[&str]| options.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value);
    if get(&["type"]).unwrap_or("bind") != "bind" || get(&["from"]).is_some() {
        return None;
    }
    get(&["source", "src"]).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::context_sources;

    #[test]
    fn only_what_comes_from_the_context_counts() {
        let text = "FROM a AS b\nCOPY package*.json ./\nRUN --mount=type=bind,source=requirements.txt,target=/r pip install -r /r\n\
                    RUN --mount=type=cache,target=/c true\nFROM a\nCOPY --from=b /x /y\nADD https://x/y /z\nCOPY $A /q\nCOPY src /app\n";
        assert_eq!(context_sources(&temper_dockerfile::parse(text)), [".", "requirements.txt", "src"]);
    }
}
