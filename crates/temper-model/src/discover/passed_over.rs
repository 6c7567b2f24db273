/// Directories that hold what tools put there; nobody hardens them by editing.
const VENDORED: [&str; 7] =
    ["node_modules", "bower_components", "site-packages", "__pycache__", ".terraform", ".tox", ".nox"];

/// Files that tell that the directory they are in was made by a tool.
const MARKERS: [&str; 2] = [
    // A Python virtual environment (PEP 405).
    "pyvenv.cfg",
    // A cache, such as Cargo's `target` (bford.info/cachedir).
    "CACHEDIR.TAG",
];

/// True for a directory that is not part of a stack. `is_file` answers for a path relative to the root.
pub(super) fn is_passed_over(directory: &str, is_file: impl Fn(&str) -> bool) -> bool {
    let name = crate::path::file_name(directory);
    let beside = |file: &str| is_file(&crate::path::join(crate::path::parent(directory), file));
    let inside = |file: &str| is_file(&format!("{directory}/{file}"));
    match name {
        ".git" => true,
        // Go (`go help vendor`) and Composer leave these; a `vendor` without them may be the team's own.
        "vendor" if inside("modules.txt") || inside("autoload.php") => true,
        // Templates of a Helm chart look like YAML and are not.
        "templates" if beside("Chart.yaml") => true,
        _ => VENDORED.contains(&name) || MARKERS.iter().any(|marker| inside(marker)),
    }
}
