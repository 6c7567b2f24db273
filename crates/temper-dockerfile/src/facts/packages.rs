use temper_text::Span;

use super::options::Arg;

macro_rules! package_managers {
    ($($variant:ident $name:literal: $($program:literal)|+;)+) => {
        /// A package manager or build tool that fetches packages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum PackageManager {
            $(#[doc = concat!("`", $name, "`.")] $variant,)+
        }

        impl PackageManager {
            /// Its usual name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The manager that a program belongs to.
            #[must_use]
            pub fn of_program(program: &str) -> Option<Self> {
                match program { $($($program)|+ => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

package_managers! {
    Apt "apt": "apt" | "apt-get" | "aptitude";
    Apk "apk": "apk";
    Dnf "dnf": "dnf" | "dnf5";
    Microdnf "microdnf": "microdnf";
    Yum "yum": "yum";
    Zypper "zypper": "zypper";
    Pip "pip": "pip" | "pip2" | "pip3";
    Uv "uv": "uv" | "uvx";
    Poetry "poetry": "poetry";
    Pipenv "pipenv": "pipenv";
    Pdm "pdm": "pdm";
    Conda "conda": "conda" | "mamba" | "micromamba";
    Npm "npm": "npm" | "npx";
    Yarn "yarn": "yarn" | "yarnpkg";
    Pnpm "pnpm": "pnpm" | "pnpx";
    Bun "bun": "bun" | "bunx";
    Go "go": "go";
    Cargo "cargo": "cargo";
    Bundle "bundle": "bundle" | "bundler";
    Gem "gem": "gem";
    Maven "mvn": "mvn" | "mvnw";
    Gradle "gradle": "gradle" | "gradlew";
    Composer "composer": "composer";
    Dotnet "dotnet": "dotnet";
}

/// One use of a package manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageUse {
    /// Which one.
    pub manager: PackageManager,
    /// The first argument that is no option, such as `install`.
    pub action: Option<String>,
    /// The further arguments that are no options. Values of options are among them.
    pub operands: Vec<String>,
    /// Index of the stage.
    pub stage: usize,
    /// True when it stands where it may not run.
    pub conditional: bool,
    /// The command.
    pub span: Span,
    /// The instruction.
    pub instruction: Span,
}

/// The manager that `program` with `args` runs, and its own arguments; sees through `python -m pip`.
pub(super) fn manager_of<'a>(program: &str, args: &'a [Arg]) -> Option<(PackageManager, &'a [Arg])> {
    if let Some(manager) = PackageManager::of_program(program) {
        return Some((manager, args));
    }
    if !program.starts_with("python") {
        return None;
    }
    let at = args.iter().position(|arg| arg.text == "-m")?;
    let module = args.get(at + 1)?;
    let manager = PackageManager::of_program(&module.text)?;
    Some((manager, args.get(at + 2..).unwrap_or(&[])))
}

/// The action and the other arguments that are no options.
pub(super) fn operands(args: &[Arg]) -> (Option<String>, Vec<String>) {
    let mut words = args.iter().filter(|arg| !arg.text.starts_with('-')).map(|arg| arg.text.clone());
    (words.next(), words.collect())
}
