use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use temper_model::container::{Observed, Tried};

use super::parent::Prober;
use crate::observe::{KernelFacts, LocalHost, ProcessTable, Target, kernel_facts};

/// One container to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Where its processes are.
    pub target: Target,
    /// Paths that its service is known to write.
    pub needs: Vec<String>,
}

/// What was seen of one container, and what was tried in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// What the kernel says.
    pub facts: KernelFacts,
    /// What was tried.
    pub attempts: Observed<Vec<Tried>>,
}

impl Sight {
    /// Nothing is known, for one reason.
    #[must_use]
    pub fn unknown(missing: &str) -> Self {
        Self { facts: KernelFacts::unknown(missing), attempts: Observed::Unknown(missing.to_owned()) }
    }
}

/// Looks at containers of this machine, several at a time; the results come in the order of the subjects.
#[must_use]
pub fn look(host: &LocalHost, prober: &Prober, subjects: &[Subject]) -> Vec<Sight> {
    let table = match ProcessTable::read(host) {
        Ok(table) => table,
        Err(missing) => return subjects.iter().map(|_| Sight::unknown(&missing)).collect(),
    };
    // All processes are seen before the first attempt, which adds processes of its own to the namespaces.
    let facts = in_parallel(subjects, |_, subject| kernel_facts(host, &table, &subject.target));
    let attempts = in_parallel(subjects, |index, subject| {
        prober.attempts(&subject.target, &facts[index], &subject.needs)
    });
    facts.into_iter().zip(attempts).map(|(facts, attempts)| Sight { facts, attempts }).collect()
}

/// Does the same with each item on a few threads, and gives the results in the order of the items.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    // Most of the time is spent waiting for the kernel, the engine or another process.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (processors * 4).min(items.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(index, item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..100).collect();
        let squares = in_parallel(&items, |_, item| item * item);
        assert_eq!(squares, items.iter().map(|item| item * item).collect::<Vec<_>>());
    }
}
