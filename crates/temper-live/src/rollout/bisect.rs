//! Which fixes break a service.

use std::collections::BTreeSet;

/// What a trial without some fixes showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The service works.
    Works,
    /// It does not: what was seen, for people.
    Breaks(String),
    /// It cannot be told, also not by further trials.
    Undecided(String),
}

/// The fixes at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Without these, and only without all of these, the service works: number of the fix and what was seen with it.
    Fixes(Vec<(usize, String)>),
    /// It breaks without any fix as well, or cannot be told: the trials say nothing about the fixes.
    None(String),
}

/// Finds a smallest set of fixes without which a service works: no fix can be put back without breaking it.
///
/// `count` fixes were tried together and broke it as `seen` says. `suspects` are numbers of fixes in the order of suspicion.
/// `trial` tries the service without the given fixes. At most `suspects + 1 + count` trials are made.
pub(crate) fn blame(
    count: usize,
    suspects: &[usize],
    seen: &str,
    trial: &mut dyn FnMut(&BTreeSet<usize>) -> Shown,
) -> Blame {
    for suspect in suspects.iter().copied().filter(|suspect| *suspect < count) {
        match trial(&BTreeSet::from([suspect])) {
            Shown::Works => return Blame::Fixes(vec![(suspect, seen.to_owned())]),
            Shown::Breaks(_) => {}
            Shown::Undecided(why) => return Blame::None(why),
        }
    }
    let mut without: BTreeSet<usize> = (0..count).collect();
    match trial(&without) {
        Shown::Works => {}
        Shown::Breaks(why) => return Blame::None(format!("without any fix it does not work either: {why}")),
        Shown::Undecided(why) => return Blame::None(why),
    }
    let mut guilty = Vec::new();
    // Those that nobody suspects are put back first: the sets that work grow quickly.
    let rest = (0..count).filter(|fix| !suspects.contains(fix));
    let order: Vec<usize> = rest.chain(suspects.iter().rev().copied().filter(|fix| *fix < count)).collect();
    for fix in order {
        without.remove(&fix);
        match trial(&without) {
            Shown::Works => {}
            Shown::Breaks(why) => {
                without.insert(fix);
                guilty.push((fix, why));
            }
            Shown::Undecided(why) => return Blame::None(why),
        }
    }
    Blame::Fixes(guilty)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Blame, Shown, blame};

    /// A service that breaks while any of `guilty` is applied, and how often it was tried.
    fn run(count: usize, suspects: &[usize], guilty: &[usize]) -> (Blame, usize) {
        let mut trials = 0;
        let blame = blame(count, suspects, "EROFS", &mut |without: &BTreeSet<usize>| {
            trials += 1;
            match guilty.iter().find(|fix| !without.contains(fix)) {
                Some(fix) => Shown::Breaks(format!("fix {fix}")),
                None => Shown::Works,
            }
        });
        (blame, trials)
    }

    #[test]
    fn a_right_suspicion_needs_one_trial() {
        assert_eq!(run(6, &[3], &[3]), (Blame::Fixes(vec![(3, "EROFS".to_owned())]), 1));
    }

    #[test]
    fn every_fix_at_fault_is_found_and_no_other() {
        let (found, trials) = run(6, &[1], &[2, 5]);
        assert_eq!(found, Blame::Fixes(vec![(2, "fix 2".to_owned()), (5, "fix 5".to_owned())]));
        assert!(trials <= 8, "{trials}");
    }

    #[test]
    fn a_service_that_breaks_without_any_fix_blames_none() {
        let always = blame(3, &[], "exit 1", &mut |_| Shown::Breaks("exit 1".to_owned()));
        assert!(matches!(always, Blame::None(_)));
    }

    #[test]
    fn a_suspect_that_does_not_exist_is_passed_over() {
        assert_eq!(run(2, &[7], &[0]).0, Blame::Fixes(vec![(0, "fix 0".to_owned())]));
    }
}
