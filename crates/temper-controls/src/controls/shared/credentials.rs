//! Names of variables that carry credentials, and values that everybody knows.

/// Values that documentation, examples and lists of common passwords use. Compared without regard to case.
const WELL_KNOWN: [&str; 78] = [
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "abc123",
    "admin",
    "admin123",
    "administrator",
    "adminadmin",
    "adminpass",
    "adminpassword",
    "airflow",
    "changeit",
    "changeme",
    "change_me",
    "change-me",
    "changeme123",
    "changethis",
    "dbpassword",
    "default",
    "demo",
    "dev",
    "devpassword",
    "dummy",
    "elastic",
    "example",
    "examplepass",
    "foobar",
    "grafana",
    "guest",
    "hunter2",
    "insecure",
    "keycloak",
    "letmein",
    "local",
    "masterkey",
    "minio",
    "minio123",
    "minioadmin",
    "minio_password",
    "mongo",
    "mongodb",
    "mypassword",
    "mysecret",
    "mysecretpassword",
    "my-secret-pw",
    "mysql",
    "neo4j",
    "p@ssw0rd",
    "pass",
    "pass123",
    "passw0rd",
    "passwd",
    "password",
    "password1",
    "password123",
    "postgres",
    "postgrespassword",
    "postgresql",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "rootpassword",
    "s3cr3t",
    "secret",
    "secretpassword",
    "supersecret",
    "super-secret",
    "test",
    "test123",
    "testing",
    "toor",
    "user",
    "welcome",
];

/// Beginnings of texts that stand where a secret is to be written.
const PLACEHOLDERS: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "changethis",
    "change-this",
    "change_this",
    "your-",
    "your_",
    "replace-",
    "replace_",
    "<your",
    "insert-",
];

/// Words before `KEY` that make it a secret: `SECRET_KEY`, `MINIO_ACCESS_KEY`. Others, such as `CACHE_KEY`, are no secret.
const SECRET_KEYS: [&str; 14] = [
    "ACCESS",
    "ADMIN",
    "API",
    "APP",
    "AUTH",
    "COOKIE",
    "ENCRYPTION",
    "JWT",
    "MASTER",
    "PRIVATE",
    "ROOT",
    "SECRET",
    "SESSION",
    "SIGNING",
];

/// What a variable holds, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::controls) enum Kind {
    /// A password or secret that the stack itself chooses.
    Own,
    /// A key or token, which may be that of somebody else's service.
    Token,
}

/// What the name of a variable says of its value; `None` for all that is no credential: user names, and `…_FILE`, which
/// holds a path.
pub(in crate::controls) fn kind_of(name: &str) -> Option<Kind> {
    let upper = name.to_ascii_uppercase();
    let mut words = upper.split(['_', '.', '-']).filter(|word| !word.is_empty()).rev();
    let last = words.next()?;
    let before = words.next();
    match last {
        "SECRET" | "PASSPHRASE" | "PASS" | "PSW" => Some(Kind::Own),
        "PWD" if before.is_some() => Some(Kind::Own),
        "BASE" if upper.ends_with("SECRET_KEY_BASE") => Some(Kind::Own),
        "TOKEN" => Some(Kind::Token),
        "KEY" => {
            let word = before.filter(|word| SECRET_KEYS.contains(word))?;
            Some(if matches!(word, "API" | "ACCESS") { Kind::Token } else { Kind::Own })
        }
        word if word.ends_with("PASSWORD") || word.ends_with("PASSWD") => Some(Kind::Own),
        _ => None,
    }
}

/// True for a value that everybody knows.
pub(in crate::controls) fn is_well_known(value: &str) -> bool {
    WELL_KNOWN.iter().any(|known| known.eq_ignore_ascii_case(value))
}

/// True for the SHA-256, in hexadecimal digits, of a value that everybody knows, in small letters, capitals, or with one
/// capital in front: of a running container only hashes are kept.
pub(in crate::controls) fn has_well_known_hash(hash: &str) -> bool {
    static HASHES: std::sync::LazyLock<std::collections::HashSet<String>> = std::sync::LazyLock::new(|| {
        let cases = |word: &str| {
            let capital = word.get(..1).map(|first| format!("{}{}", first.to_ascii_uppercase(), &word[1..]));
            [Some(word.to_owned()), Some(word.to_ascii_uppercase()), capital]
        };
        WELL_KNOWN
            .iter()
            .flat_map(|word| cases(word))
            .flatten()
            .map(|word| temper_model::container::hash_of(&word))
            .collect()
    });
    HASHES.contains(hash)
}

/// True for a text that stands where a secret is to be written.
pub(in crate::controls) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|start| lower.starts_with(start))
}

/// True for a word that is written where a client demands a key and the server does not look at it.
pub(in crate::controls) fn is_stand_in(value: &str) -> bool {
    let words = ["default", "demo", "dev", "dummy", "example", "local", "test", "testing", "user"];
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// User and password of a URL, as in `postgres://user:password@host` (RFC 3986, 3.2.1).
pub(in crate::controls) fn user_info(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (info, _) = authority.rsplit_once('@')?;
    info.split_once(':').filter(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_placeholder, is_well_known, kind_of, user_info};

    #[test]
    fn passwords_secrets_and_secret_keys_are_credentials() {
        for name in [
            "POSTGRES_PASSWORD",
            "PGPASSWORD",
            "DB_PASS",
            "MYSQL_PWD",
            "JWT_SECRET",
            "SECRET_KEY_BASE",
            "app.secret",
        ] {
            assert_eq!(kind_of(name), Some(Kind::Own), "{name}");
        }
        assert_eq!(kind_of("DJANGO_SECRET_KEY"), Some(Kind::Own));
        assert_eq!(kind_of("OPENAI_API_KEY"), Some(Kind::Token));
        assert_eq!(kind_of("GITHUB_TOKEN"), Some(Kind::Token));
    }

    #[test]
    fn users_files_paths_and_other_keys_are_none() {
        for name in [
            "POSTGRES_USER",
            "POSTGRES_PASSWORD_FILE",
            "PWD",
            "CACHE_KEY",
            "SSL_PUBLIC_KEY",
            "BYPASS",
            "TOKEN_TTL",
        ] {
            assert_eq!(kind_of(name), None, "{name}");
        }
    }

    #[test]
    fn only_whole_values_are_well_known() {
        assert!(is_well_known("ChangeMe") && is_well_known("minioadmin"));
        assert!(!is_well_known("password-of-the-day-81") && !is_well_known(""));
        assert!(is_placeholder("your-super-secret-jwt-token") && !is_placeholder("yours"));
    }

    #[test]
    fn user_and_password_of_a_url_are_found() {
        assert_eq!(user_info("postgres://app:secret@db:5432/app"), Some(("app", "secret")));
        assert_eq!(user_info("redis://:secret@cache/0"), Some(("", "secret")));
        assert_eq!(user_info("http://proxy:3128/a@b:c"), None);
        assert_eq!(user_info("postgres://app@db/app"), None);
    }
}
