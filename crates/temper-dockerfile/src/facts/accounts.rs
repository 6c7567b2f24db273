use temper_text::Span;

use super::Distribution;
use super::options::{Arg, Options, Syntax};
use crate::Resolved;

/// Users and groups that a target creates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts {
    /// Users in the order in which they are created.
    pub users: Vec<UserFact>,
    /// Groups in the order in which they are created.
    pub groups: Vec<GroupFact>,
    /// What writes `/etc/passwd` or `/etc/group` with content that is not known here (a COPY of the file, `sed -i`): users
    /// may exist that are not listed.
    pub opaque: Vec<Span>,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFact {
    /// Login name.
    pub name: Resolved,
    /// Numeric id, when it is given.
    pub uid: Option<Resolved>,
    /// Primary group as given: a name or a numeric id.
    pub group: Option<Resolved>,
    /// Supplementary groups, by name or numeric id: what a container loses when it is started as `uid:gid`.
    pub groups: Vec<Resolved>,
    /// Home, when it is given.
    pub home: Option<Resolved>,
    /// Login shell, when it is given.
    pub shell: Option<Resolved>,
    /// True for a system account.
    pub system: bool,
    /// Whether the home is created; `None` when that depends on the image's own settings.
    pub creates_home: Option<bool>,
    /// What creates it.
    pub source: UserSource,
    /// True when it stands where it may not run (`if`, after `||`).
    pub conditional: bool,
    /// The command.
    pub span: Span,
}

/// What creates a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserSource {
    /// `useradd` of shadow-utils, or `adduser` where it is a link to it.
    Useradd,
    /// `adduser` of Debian.
    DebianAdduser,
    /// `adduser` of BusyBox.
    BusyboxAdduser,
    /// A line written to `/etc/passwd`.
    PasswdLine,
    /// `usermod`, or the addition to a group, of a user that the base image brings.
    Usermod,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFact {
    /// Name.
    pub name: Resolved,
    /// Numeric id, when it is given.
    pub gid: Option<Resolved>,
    /// True for a system group.
    pub system: bool,
    /// True when it stands where it may not run.
    pub conditional: bool,
    /// The command.
    pub span: Span,
}

impl UserFact {
    /// The home that is given, or the one that the program takes by itself.
    ///
    /// `useradd(8)` and BusyBox use `/home/NAME`. Debian's `adduser --system` used `/home/NAME` up to Debian 11 and
    /// `/nonexistent` since (`adduser` NEWS, 3.122), so that is unknown.
    #[must_use]
    pub fn home_or_default(&self) -> Resolved {
        if let Some(home) = &self.home {
            return home.clone();
        }
        let is_unknown = match self.source {
            UserSource::DebianAdduser => self.system,
            UserSource::Usermod => true,
            UserSource::Useradd | UserSource::BusyboxAdduser | UserSource::PasswdLine => false,
        };
        match &self.name {
            Resolved::Known(name) if is_unknown => {
                Resolved::Unknown { missing: vec![format!("home of {name}")] }
            }
            Resolved::Known(name) => Resolved::Known(format!("/home/{name}")),
            unknown @ Resolved::Unknown { .. } => unknown.clone(),
        }
    }
}

impl Accounts {
    /// The last user of that name or numeric id.
    #[must_use]
    pub fn user(&self, name_or_uid: &str) -> Option<&UserFact> {
        let is_it = |value: Option<&Resolved>| value.and_then(Resolved::known) == Some(name_or_uid);
        self.users.iter().rev().find(|user| is_it(Some(&user.name)) || is_it(user.uid.as_ref()))
    }

    /// The last group of that name or numeric id.
    #[must_use]
    pub fn group(&self, name_or_gid: &str) -> Option<&GroupFact> {
        let is_it = |value: Option<&Resolved>| value.and_then(Resolved::known) == Some(name_or_gid);
        self.groups.iter().rev().find(|group| is_it(Some(&group.name)) || is_it(group.gid.as_ref()))
    }

    /// Reads a command that may create or change a user or group.
    pub(super) fn read(&mut self, command: &AccountCommand<'_>) {
        match command.program {
            "useradd" => self.add_user(command, UserSource::Useradd),
            "adduser" => self.add_user(command, adduser_kind(command)),
            "usermod" => self.change_user(command),
            "groupadd" | "addgroup" => self.add_group(command),
            "gpasswd" => self.change_members(command),
            "groupmod" => self.change_group(command),
            _ => {}
        }
    }

    fn add_user(&mut self, command: &AccountCommand<'_>, source: UserSource) {
        let options = Options::read(command.args, syntax_of(source));
        let name = match options.operands.as_slice() {
            [name] => name,
            // `adduser USER GROUP` adds an existing user to a group and creates nothing.
            [user, group] => return self.add_member(command, &user.value, vec![group.value.clone()]),
            _ => return,
        };
        let (name, group) = (name.value.clone(), group_of(&options, source));
        if source == UserSource::DebianAdduser && options.has(&["group"]) && !options.has(&["gid", "ingroup"])
        {
            let gid = options.value(&["uid", "u"]).filter(|_| options.has(&["system"]));
            self.groups.push(GroupFact {
                name: name.clone(),
                gid: gid.map(|arg| arg.value.clone()),
                system: options.has(&["system"]),
                conditional: command.conditional,
                span: command.span,
            });
            // `adduser --group GROUP` without `--system` creates a group only.
            if !options.has(&["system"]) {
                return;
            }
        }
        self.users.push(UserFact {
            name,
            uid: options.value(&["u", "uid"]).map(|arg| arg.value.clone()),
            group,
            groups: list(options.value(&["G", "groups"]).filter(|_| source == UserSource::Useradd)),
            home: home_option(&options, source).map(|arg| arg.value.clone()),
            shell: options.value(&["s", "shell"]).map(|arg| arg.value.clone()),
            system: is_system(&options, source),
            creates_home: creates_home(&options, source),
            source,
            conditional: command.conditional,
            span: command.span,
        });
    }

    fn change_user(&mut self, command: &AccountCommand<'_>) {
        let options = Options::read(command.args, &USERMOD);
        let [name] = options.operands.as_slice() else { return };
        let known = self.users.iter_mut().rev().find(|user| user.name == name.value);
        let groups = list(options.value(&["G", "groups"]));
        let value = |names: &[&str]| options.value(names).map(|arg| arg.value.clone());
        let changed = UserFact {
            name: value(&["l", "login"]).unwrap_or_else(|| name.value.clone()),
            uid: value(&["u", "uid"]),
            group: value(&["g", "gid"]),
            groups,
            home: value(&["d", "home"]),
            shell: value(&["s", "shell"]),
            system: false,
            creates_home: None,
            source: UserSource::Usermod,
            conditional: command.conditional,
            span: command.span,
        };
        match known {
            Some(user) => {
                user.name = changed.name;
                user.uid = changed.uid.or(user.uid.take());
                user.group = changed.group.or(user.group.take());
                // Without `-a` the list replaces the groups.
                if options.has(&["G", "groups"]) && !options.has(&["a", "append"]) {
                    user.groups.clear();
                }
                user.groups.extend(changed.groups);
                user.home = changed.home.or(user.home.take());
                user.shell = changed.shell.or(user.shell.take());
            }
            None => self.users.push(changed),
        }
    }

    /// `gpasswd -a USER GROUP`.
    fn change_members(&mut self, command: &AccountCommand<'_>) {
        let options = Options::read(command.args, &GPASSWD);
        let (Some(user), [group]) = (options.value(&["a", "add"]), options.operands.as_slice()) else {
            return;
        };
        self.add_member(command, &user.value, vec![group.value.clone()]);
    }

    fn add_member(&mut self, command: &AccountCommand<'_>, name: &Resolved, groups: Vec<Resolved>) {
        if let Some(user) = self.users.iter_mut().rev().find(|user| user.name == *name) {
            user.groups.extend(groups);
            return;
        }
        self.users.push(UserFact {
            name: name.clone(),
            uid: None,
            group: None,
            groups,
            home: None,
            shell: None,
            system: false,
            creates_home: None,
            source: UserSource::Usermod,
            conditional: command.conditional,
            span: command.span,
        });
    }

    fn add_group(&mut self, command: &AccountCommand<'_>) {
        let options = Options::read(command.args, &GROUPADD);
        let name = match options.operands.as_slice() {
            [name] => name,
            // `addgroup USER GROUP` adds an existing user to a group.
            [user, group] => return self.add_member(command, &user.value, vec![group.value.clone()]),
            _ => return,
        };
        self.groups.push(GroupFact {
            name: name.value.clone(),
            gid: options.value(&["g", "gid"]).map(|arg| arg.value.clone()),
            system: options.has(&["r", "S", "system"]),
            conditional: command.conditional,
            span: command.span,
        });
    }

    fn change_group(&mut self, command: &AccountCommand<'_>) {
        let options = Options::read(command.args, &GROUPMOD);
        let [name] = options.operands.as_slice() else { return };
        let gid = options.value(&["g", "gid"]).map(|arg| arg.value.clone());
        match self.groups.iter_mut().rev().find(|group| group.name == name.value) {
            Some(group) => group.gid = gid.or(group.gid.take()),
            None => self.groups.push(GroupFact {
                name: name.value.clone(),
                gid,
                system: false,
                conditional: command.conditional,
                span: command.span,
            }),
        }
    }

    /// Reads text that is written to `/etc/passwd` (`passwd(5)`).
    pub(super) fn read_passwd(&mut self, text: &str, conditional: bool, span: Span) {
        for line in text.lines() {
            let fields: Vec<&str> = line.trim().split(':').collect();
            let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { continue };
            let known = |text: &str| (!text.is_empty()).then(|| Resolved::Known(text.to_owned()));
            let Some(name) = known(name) else { continue };
            self.users.push(UserFact {
                name,
                uid: known(uid),
                group: known(gid),
                groups: Vec::new(),
                home: known(home),
                shell: known(shell),
                system: false,
                creates_home: Some(false),
                source: UserSource::PasswdLine,
                conditional,
                span,
            });
        }
    }

    /// Reads text that is written to `/etc/group` (`group(5)`).
    pub(super) fn read_group(&mut self, text: &str, conditional: bool, span: Span) {
        for line in text.lines() {
            let fields: Vec<&str> = line.trim().split(':').collect();
            let [name, _, gid, _] = fields.as_slice() else { continue };
            if name.is_empty() {
                continue;
            }
            self.groups.push(GroupFact {
                name: Resolved::Known((*name).to_owned()),
                gid: Some(Resolved::Known((*gid).to_owned())),
                system: false,
                conditional,
                span,
            });
        }
    }
}

/// A command with its arguments resolved.
pub(super) struct AccountCommand<'a> {
    pub(super) program: &'a str,
    pub(super) args: &'a [Arg],
    pub(super) distribution: Distribution,
    pub(super) conditional: bool,
    pub(super) span: Span,
}

/// `useradd(8)` of shadow-utils.
const USERADD: Syntax = Syntax {
    short_values: "bcdefgGkKpPRsuZ",
    long_values: &[
        "base-dir",
        "btrfs-subvolume-home",
        "comment",
        "home-dir",
        "home",
        "expiredate",
        "inactive",
        "gid",
        "groups",
        "key",
        "skel",
        "password",
        "prefix",
        "root",
        "selinux-user",
        "shell",
        "uid",
    ],
};

/// `usermod(8)` of shadow-utils.
const USERMOD: Syntax = Syntax {
    short_values: "cdefgGlpPRsuvVwWZ",
    long_values: &[
        "comment",
        "home",
        "expiredate",
        "inactive",
        "gid",
        "groups",
        "login",
        "password",
        "prefix",
        "root",
        "shell",
        "uid",
        "selinux-user",
    ],
};

/// `adduser(8)` of Debian.
const DEBIAN_ADDUSER: Syntax = Syntax {
    short_values: "",
    long_values: &[
        "add-extra-groups",
        "comment",
        "conf",
        "firstgid",
        "firstuid",
        "gecos",
        "gid",
        "home",
        "ingroup",
        "lastgid",
        "lastuid",
        "shell",
        "uid",
    ],
};

/// `adduser` of BusyBox (`loginutils/adduser.c`).
const BUSYBOX_ADDUSER: Syntax =
    Syntax { short_values: "hgsGuk", long_values: &["home", "gecos", "shell", "ingroup", "uid", "skel"] };

/// `groupadd(8)` of shadow-utils, `addgroup` of Debian and BusyBox: no letter means two things.
const GROUPADD: Syntax = Syntax {
    short_values: "gKpPRU",
    long_values: &["gid", "key", "password", "prefix", "root", "users", "firstgid", "lastgid", "conf"],
};

/// `gpasswd(1)` of shadow-utils.
const GPASSWD: Syntax =
    Syntax { short_values: "adQMA", long_values: &["add", "delete", "root", "members", "administrators"] };

/// `groupmod(8)` of shadow-utils.
const GROUPMOD: Syntax = Syntax {
    short_values: "gnpPRU",
    long_values: &["gid", "new-name", "password", "prefix", "root", "users"],
};

/// The parts of `a,b`.
fn list(arg: Option<&Arg>) -> Vec<Resolved> {
    match arg.map(|arg| &arg.value) {
        None => Vec::new(),
        Some(Resolved::Known(names)) => names
            .split(',')
            .filter(|name| !name.is_empty())
            .map(|name| Resolved::Known(name.to_owned()))
            .collect(),
        Some(unknown @ Resolved::Unknown { .. }) => vec![unknown.clone()],
    }
}

fn syntax_of(source: UserSource) -> &'static Syntax {
    match source {
        UserSource::DebianAdduser => &DEBIAN_ADDUSER,
        UserSource::BusyboxAdduser => &BUSYBOX_ADDUSER,
        _ => &USERADD,
    }
}

/// Three programs are called `adduser`. Letters that only one of them has decide; then the distribution does.
fn adduser_kind(command: &AccountCommand<'_>) -> UserSource {
    let shorts: String = command
        .args
        .iter()
        .filter(|arg| arg.text.starts_with('-') && !arg.text.starts_with("--"))
        .flat_map(|arg| arg.text.chars().skip(1).take_while(char::is_ascii_alphabetic))
        .collect();
    match command.distribution {
        Distribution::AlpineLike => UserSource::BusyboxAdduser,
        Distribution::RhelLike => UserSource::Useradd,
        _ if shorts.contains(['S', 'D', 'H', 'h']) => UserSource::BusyboxAdduser,
        _ if shorts.contains(['m', 'r', 'd', 'M']) => UserSource::Useradd,
        _ => UserSource::DebianAdduser,
    }
}

fn group_of(options: &Options, source: UserSource) -> Option<Resolved> {
    let names: &[&str] = match source {
        // There `-g` is the comment field.
        UserSource::BusyboxAdduser => &["G", "ingroup"],
        UserSource::DebianAdduser => &["gid", "ingroup"],
        _ => &["g", "gid"],
    };
    options.value(names).map(|arg| arg.value.clone())
}

fn home_option(options: &Options, source: UserSource) -> Option<&Arg> {
    match source {
        UserSource::BusyboxAdduser => options.value(&["h", "home"]),
        UserSource::DebianAdduser => options.value(&["home"]),
        _ => options.value(&["d", "home-dir", "home"]),
    }
}

fn is_system(options: &Options, source: UserSource) -> bool {
    match source {
        UserSource::BusyboxAdduser => options.has(&["S", "system"]),
        _ => options.has(&["r", "system"]),
    }
}

fn creates_home(options: &Options, source: UserSource) -> Option<bool> {
    match source {
        UserSource::BusyboxAdduser => Some(!options.has(&["H", "no-create-home"])),
        UserSource::DebianAdduser if options.has(&["no-create-home"]) => Some(false),
        UserSource::DebianAdduser => (!options.has(&["system"])).then_some(true),
        _ if options.has(&["M", "no-create-home"]) => Some(false),
        _ if options.has(&["m", "create-home"]) => Some(true),
        // `useradd -r` never creates one by itself; otherwise CREATE_HOME of /etc/login.defs decides.
        _ => options.has(&["r", "system"]).then_some(false),
    }
}
