//! A few controls that are simple enough to be certain, so that these tests speak of the plan alone.

use temper_controls::{
    Change, ComposeAction, DockerfileAction, Fix, Judgement, Meta, Safety, Scalar, Severity, Surface, Verdict,
};
use temper_model::compose::Service;
use temper_model::{Setting, Stack};
use temper_text::Loc;

macro_rules! metas {
    ($($name:ident $id:literal $requires:expr;)+) => {
        $(pub(super) static $name: Meta = Meta {
            id: $id, title: $id, severity: Severity::Medium, surfaces: &[Surface::Compose], references: &[],
            requires: $requires, source: "",
        };)+
    };
}

metas! {
    USER "user" &[];
    READ_ONLY "read-only" &["tmp"];
    TMP "tmp" &[];
    DROP "drop" &[];
    CAPABILITIES "capabilities" &[];
    PRIVILEGES "privileges" &[];
    PID "pid" &[];
    PORTS "ports" &[];
    MEMORY "memory" &[];
    CACHE "cache" &[];
    HEALTH "health" &[];
}

/// Judges every service.
pub(super) fn judge(stack: &Stack) -> Vec<Judgement> {
    let mut out = Vec::new();
    for (project, group) in stack.projects.iter().enumerate() {
        for service in group.project.services.values() {
            let context = Context { stack, project, service };
            out.extend(context.all());
        }
    }
    out
}

struct Context<'a> {
    stack: &'a Stack,
    project: usize,
    service: &'a Service,
}

impl Context<'_> {
    fn all(&self) -> Vec<Judgement> {
        let service = self.service;
        let mut found = vec![
            self.user(),
            self.simple(
                &READ_ONLY,
                known(&service.read_only) == Some(&true),
                vec![(
                    ComposeAction::Set { path: vec!["read_only"], value: Scalar::Bool(true) },
                    "nothing outside of tmpfs and volumes is written",
                )],
            ),
            self.tmp(),
            self.simple(
                &DROP,
                service.cap_drop.iter().any(|item| item.value == "ALL"),
                vec![(ComposeAction::Append { key: "cap_drop", item: "ALL".into() }, "needs no capability")],
            ),
            self.simple(
                &PRIVILEGES,
                service.security_opt.iter().any(|item| item.value == "no-new-privileges:true"),
                vec![(
                    ComposeAction::Append { key: "security_opt", item: "no-new-privileges:true".into() },
                    "no setuid program is run",
                )],
            ),
            self.simple(
                &PID,
                service.pid.is_none(),
                vec![(ComposeAction::Unset { key: "pid" }, "sees the host")],
            ),
        ];
        found.extend(self.removals(
            &CAPABILITIES,
            "cap_add",
            service.cap_add.iter().map(|item| (item.at, &item.value)),
        ));
        let databases = service.ports.iter().filter(|port| port.target == "5432" && port.host_ip.is_none());
        found.extend(self.removals(&PORTS, "ports", databases.map(|port| (port.at, &port.target))));
        if matches!(service.name.as_str(), "api" | "worker") {
            found.push(self.simple(
                &MEMORY,
                service.memory_limit.is_some(),
                vec![(
                    ComposeAction::Set {
                        path: vec!["deploy", "resources", "limits", "memory"],
                        value: Scalar::Str("512M".into()),
                    },
                    "class api",
                )],
            ));
        }
        if service.name == "embedder" {
            found.push(self.cache());
        }
        if service.name == "proxy" {
            found.push(self.simple(
                &HEALTH,
                service.healthcheck.is_some(),
                vec![(
                    ComposeAction::SetNew {
                        key: "healthcheck",
                        entries: vec![
                            ("test", vec!["CMD".into(), "curl".into(), "http://localhost:80/$x".into()]),
                            ("interval", vec!["30s".into()]),
                            ("retries", vec!["3".into()]),
                        ],
                    },
                    "asks the server itself",
                )],
            ));
        }
        found
    }

    fn judgement(&self, control: &'static Meta, verdict: Verdict, fix: Option<Fix>) -> Judgement {
        Judgement {
            control,
            verdict,
            surface: Surface::Compose,
            resource: format!("service/{}", self.service.name),
            project: Some(self.project),
            at: self.service.at,
            message: control.id.to_owned(),
            evidence: Vec::new(),
            related: Vec::new(),
            fix,
            overlay: None,
        }
    }

    fn change(&self, action: ComposeAction, reason: &str) -> Change {
        let service = self.service.name.clone();
        Change::Service { project: self.project, service, action, reason: reason.to_owned() }
    }

    fn failed(&self, control: &'static Meta, changes: Vec<Change>) -> Judgement {
        let fix = Fix { safety: Safety::Safe, summary: control.id.to_owned(), changes };
        self.judgement(control, Verdict::Fail, Some(fix))
    }

    fn simple(&self, control: &'static Meta, passes: bool, actions: Vec<(ComposeAction, &str)>) -> Judgement {
        if passes {
            return self.judgement(control, Verdict::Pass, None);
        }
        let changes = actions.into_iter().map(|(action, reason)| self.change(action, reason)).collect();
        self.failed(control, changes)
    }

    fn removals<'i>(
        &self,
        control: &'static Meta,
        key: &'static str,
        items: impl Iterator<Item = (Loc, &'i String)>,
    ) -> Vec<Judgement> {
        let found: Vec<Judgement> = items
            .map(|(at, _)| {
                self.failed(control, vec![self.change(ComposeAction::Remove { key, at }, "not needed")])
            })
            .collect();
        if found.is_empty() { vec![self.judgement(control, Verdict::Pass, None)] } else { found }
    }

    fn tmp(&self) -> Judgement {
        let item = "/tmp:size=64m,uid=65532,gid=65532,mode=1777,noexec,nosuid,nodev".to_owned();
        match self.service.tmpfs.iter().find(|mount| mount.target == "/tmp") {
            Some(mount) if mount.uid == Some(65532) => self.judgement(&TMP, Verdict::Pass, None),
            Some(mount) => {
                let action = ComposeAction::Replace { key: "tmpfs", at: mount.at, item };
                self.simple(&TMP, false, vec![(action, "owner and size are stated")])
            }
            None => self.simple(
                &TMP,
                false,
                vec![(ComposeAction::Append { key: "tmpfs", item }, "temporary files")],
            ),
        }
    }

    /// The user in Compose and, where the image is built here, in the Dockerfile: either is enough to pass.
    fn user(&self) -> Judgement {
        let dockerfile = self.service.build.as_ref().and_then(|build| build.dockerfile.as_ref());
        let built = dockerfile.and_then(|path| self.stack.dockerfiles.get(&path.value));
        let facts = built.and_then(|file| file.tree.facts(None, &temper_dockerfile::BuildArgs::new()).ok());
        let numeric = facts.as_ref().and_then(|facts| facts.user_name()) == Some("65532");
        if numeric || known(&self.service.user).is_some() {
            return self.judgement(&USER, Verdict::Pass, None);
        }
        let user = ComposeAction::Set { path: vec!["user"], value: Scalar::Str("65532:65532".into()) };
        let mut changes = vec![self.change(user, "does not run as root")];
        if let Some(file) = built {
            changes.push(Change::Dockerfile {
                path: file.path.clone(),
                target: None,
                action: DockerfileAction::RunAs {
                    uid: 65532,
                    gid: 65532,
                    create: Some("app".into()),
                    home: "/home/app".into(),
                    owned: Vec::new(),
                },
                reason: "does not run as root".into(),
            });
        }
        self.failed(&USER, changes)
    }

    fn cache(&self) -> Judgement {
        let target = "/home/app/.cache/huggingface";
        if self.service.mounts.iter().any(|mount| mount.target == target) {
            return self.judgement(&CACHE, Verdict::Pass, None);
        }
        let mount = ComposeAction::Append { key: "volumes", item: format!("hf-cache:{target}") };
        let variable = ComposeAction::SetVariable { name: "HF_HOME".into(), value: target.into() };
        let reason = "models are large";
        let volume = Change::Volume { project: self.project, name: "hf-cache".into(), reason: reason.into() };
        self.failed(&CACHE, vec![self.change(mount, reason), self.change(variable, "where it looks"), volume])
    }
}

fn known<T>(setting: &Option<Setting<T>>) -> Option<&T> {
    setting.as_ref().and_then(Setting::known)
}
