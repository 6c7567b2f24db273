//! Who a container runs as today.

use temper_model::compose::Service;
use temper_model::{Setting, Spanned};
use temper_text::Loc;

use crate::images::{self, Match};
use crate::profile::{Identity, ImageSource, Login};
use crate::{Evidence, EvidenceKind};

/// A user of the image: what a name or a number stands for.
struct Account {
    name: Option<String>,
    uid: u32,
    gid: Option<u32>,
    home: Option<String>,
}

/// Who the container of a service runs as.
pub(crate) fn of(service: &Service, image: &ImageSource) -> Login {
    let accounts = accounts(image);
    let (start, at, evidence) = match &service.user {
        // Compose hands an empty `user:` on as "not set"; the image decides then.
        Some(Setting::Known(user)) if !user.value.trim().is_empty() => declared(user, &accounts),
        Some(Setting::Unknown { at, missing, .. }) => {
            let why = format!("`user:` hangs on ${{{}}}, which has no value", missing.join("}, ${"));
            (
                Identity::Unknown { why: why.clone() },
                Some(*at),
                Evidence::at(EvidenceKind::Declared, *at, why),
            )
        }
        _ => from_image(service, image, &accounts),
    };
    let drop = drop_of(&start, service, image);
    let runs_as = drop.as_ref().map_or_else(|| start.clone(), |account| numeric(account.uid, account.gid));
    let home = declared_home(service)
        .or_else(|| drop.and_then(|account| account.home))
        .or_else(|| home_of(&start, image, &accounts));
    Login { start, runs_as, home, at, evidence: vec![evidence] }
}

/// `HOME` in the environment wins over `/etc/passwd` (runc, `libcontainer/init_linux.go`, sets it only
/// when it is not set).
fn declared_home(service: &Service) -> Option<String> {
    let home = service.environment.get("HOME").filter(|home| home.missing.is_empty())?;
    home.value.clone().filter(|home| home.starts_with('/'))
}

fn declared(user: &Spanned<String>, accounts: &[Account]) -> (Identity, Option<Loc>, Evidence) {
    let evidence = Evidence::at(EvidenceKind::Declared, user.at, format!("user: \"{}\"", user.value));
    (identity(&user.value, accounts), Some(user.at), evidence)
}

fn from_image(
    service: &Service,
    image: &ImageSource,
    accounts: &[Account],
) -> (Identity, Option<Loc>, Evidence) {
    match image {
        ImageSource::Built { facts, base, dockerfile, .. } => match crate::source::user(facts) {
            Some(Ok(user)) => {
                let evidence =
                    Evidence::general(EvidenceKind::Source, format!("USER {user} in {dockerfile}"));
                (identity(&user, accounts), None, evidence)
            }
            Some(Err(missing)) => unknown(service, format!("USER of {dockerfile} hangs on {missing}")),
            None if crate::source::from_scratch(facts) => {
                let evidence =
                    Evidence::general(EvidenceKind::Source, format!("no USER in {dockerfile}, FROM scratch"));
                (Identity::Root, None, evidence)
            }
            None => match base {
                Some(base) => of_entry(service, base),
                None => {
                    let base = crate::source::base_name(facts);
                    let base = if base.is_empty() { base } else { format!(" {base}") };
                    let why =
                        format!("no USER in {dockerfile}, and the user of its base image{base} is not known");
                    unknown(service, why)
                }
            },
        },
        ImageSource::Known { entry, .. } => of_entry(service, entry),
        ImageSource::Foreign { reference } => {
            unknown(service, format!("the user of image {reference} is not known"))
        }
        ImageSource::Unknown { why } => unknown(service, why.clone()),
    }
}

fn of_entry(service: &Service, entry: &Match) -> (Identity, Option<Loc>, Evidence) {
    let variant_decides =
        entry.is_ambiguous() && entry.image.variants.iter().any(|variant| variant.start.is_some());
    match &entry.image.start {
        Some(start) if !variant_decides => {
            let name = start.user.as_deref().unwrap_or("a user");
            let detail = format!("image {} starts as {name} ({})", entry.image.id, start.uid);
            let identity = if start.uid == 0 {
                Identity::Root
            } else {
                Identity::Numeric { uid: start.uid, gid: Some(start.gid) }
            };
            (identity, None, Evidence::general(EvidenceKind::KnownImage, detail))
        }
        _ => unknown(service, format!("the user of image {} depends on its tag", entry.image.id)),
    }
}

fn unknown(service: &Service, why: String) -> (Identity, Option<Loc>, Evidence) {
    (Identity::Unknown { why: why.clone() }, None, Evidence::at(EvidenceKind::Declared, service.at, why))
}

/// `user[:group]`, by name or number, as `docker run --user` reads it. Numbers need no entry in `/etc/passwd`.
#[must_use]
pub fn parse_identity(text: &str) -> Identity {
    identity(text, &[])
}

fn identity(text: &str, accounts: &[Account]) -> Identity {
    let (user, group) = match text.trim().split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text.trim(), None),
    };
    let account = accounts.iter().find(|account| account.name.as_deref() == Some(user));
    let group_number = group.and_then(|group| group.parse().ok());
    match user.parse::<u32>() {
        Ok(0) => Identity::Root,
        Ok(uid) => {
            let by_number =
                accounts.iter().find(|account| account.uid == uid).and_then(|account| account.gid);
            Identity::Numeric { uid, gid: group_number.or(if group.is_none() { by_number } else { None }) }
        }
        Err(_) if user == "root" || user.is_empty() || account.is_some_and(|account| account.uid == 0) => {
            Identity::Root
        }
        Err(_) => Identity::Named {
            name: user.to_owned(),
            uid: account.map(|account| account.uid),
            gid: group_number.or_else(|| account.and_then(|account| account.gid)),
        },
    }
}

fn accounts(image: &ImageSource) -> Vec<Account> {
    let mut accounts = Vec::new();
    let entry = match image {
        ImageSource::Built { facts, base, .. } => {
            accounts.extend(
                crate::source::accounts(facts).into_iter().map(|(name, uid, gid, home)| Account {
                    name: Some(name),
                    uid,
                    gid,
                    home,
                }),
            );
            base.as_ref()
        }
        ImageSource::Known { entry, .. } => Some(entry),
        _ => None,
    };
    if let Some(entry) = entry {
        let drop = entry.image.drops_to.as_ref().map(|drops| &drops.to);
        accounts.extend(entry.image.start.iter().chain(drop).map(account_of));
    }
    accounts
}

fn account_of(identity: &images::Identity) -> Account {
    Account {
        name: identity.user.clone(),
        uid: identity.uid,
        gid: Some(identity.gid),
        home: identity.home.clone(),
    }
}

/// Who the service becomes when it starts as root and gives that up by itself.
fn drop_of(start: &Identity, service: &Service, image: &ImageSource) -> Option<Account> {
    // Another entrypoint takes the place of the one that drops.
    if *start != Identity::Root || service.entrypoint.is_some() {
        return None;
    }
    let entry = match image {
        ImageSource::Built { facts, .. } if crate::source::replaces_entrypoint(facts) => return None,
        image => crate::class::service_entry(image)?,
    };
    entry.image.drops_to.as_ref().map(|drops| account_of(&drops.to))
}

fn home_of(start: &Identity, image: &ImageSource, accounts: &[Account]) -> Option<String> {
    if let ImageSource::Built { facts, .. } = image
        && let Some(home) = crate::source::variable(facts, "HOME")
    {
        return Some(home);
    }
    let known = |uid: u32| {
        accounts.iter().find(|account| account.uid == uid).and_then(|account| account.home.clone())
    };
    match start {
        Identity::Root => Some("/root".to_owned()),
        Identity::Numeric { uid, .. } => known(*uid),
        Identity::Named { name, .. } => accounts
            .iter()
            .find(|account| account.name.as_deref() == Some(name))
            .and_then(|account| account.home.clone()),
        Identity::Unknown { .. } => None,
    }
}

fn numeric(uid: u32, gid: Option<u32>) -> Identity {
    if uid == 0 { Identity::Root } else { Identity::Numeric { uid, gid } }
}

#[cfg(test)]
mod tests {
    use super::{Account, identity};
    use crate::Identity;

    fn accounts() -> Vec<Account> {
        vec![Account { name: Some("redis".into()), uid: 999, gid: Some(1000), home: None }]
    }

    #[test]
    fn root_by_name_number_or_with_a_group_is_root() {
        for text in ["root", "0", "0:0", "root:1000", "00"] {
            assert_eq!(identity(text, &[]), Identity::Root, "{text}");
        }
    }

    #[test]
    fn name_takes_its_numbers_from_the_image() {
        let named = |uid, gid| Identity::Named { name: "redis".into(), uid, gid };
        assert_eq!(identity("redis", &accounts()), named(Some(999), Some(1000)));
        assert_eq!(identity("redis:0", &accounts()), named(Some(999), Some(0)));
        assert_eq!(identity("redis", &[]), named(None, None));
    }

    #[test]
    fn number_without_a_group_gets_the_group_of_the_image() {
        assert_eq!(identity("999", &accounts()), Identity::Numeric { uid: 999, gid: Some(1000) });
        assert_eq!(identity("65532:65532", &accounts()), Identity::Numeric { uid: 65532, gid: Some(65532) });
    }
}
