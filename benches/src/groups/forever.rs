//! P14: a node that runs for ever: a thousand works are alive, and each that settles is followed by another.

use super::{Case, Group, counted};
use crate::budgets::{OURS, growth, ratio, slower};
use crate::lives::{Life, ONE_TURN, YIELDS_AND_SLEEP};
use crate::measure::{Contender, timed};
use crate::ours::{Forever, Names};
use crate::peers;

pub const GROUP: Group = Group {
    name: "forever",
    about: "1,000 works alive, another added by `add` for each that settles and is reclaimed, N in all a round, to FuturesUnordered; ns per work",
    cases,
    curve: None,
};

const LIVES: [(&str, Life); 2] = [
    ("one by one, reclaimed", ONE_TURN),
    ("3 yields and a sleep, reclaimed", YIELDS_AND_SLEEP),
];

fn cases(quick: bool) -> Vec<Case> {
    let sizes: &[u64] = if quick {
        &[100_000, 1_000_000]
    } else {
        &[100_000, 1_000_000, 10_000_000]
    };
    let case = |(name, life): (&'static str, Life), works: u64| {
        let peers = works <= 1_000_000;
        let mut budgets = vec![ratio("P14", FUTURES, 1.0)];
        if peers {
            budgets.push(slower("P14", "tokio JoinSet", 4.0));
        }
        if works > sizes[0] {
            budgets.push(growth("P14", sizes[0], 1.1));
        }
        Case::timed(name, works, budgets, move || contenders(life, works, peers))
    };
    let all = LIVES.into_iter();
    all.flat_map(|life| sizes.iter().map(move |&works| case(life, works)))
        .collect()
}

const FUTURES: &str = "FuturesUnordered";

fn contenders(life: Life, works: u64, peers: bool) -> Vec<Contender> {
    let mut futures = peers::futures::forever(life);
    let mut own = Forever::new(life, Names::Own);
    let mut all = vec![
        Contender::new(FUTURES, move || timed(works, || futures(works)).0),
        counted(OURS, move || own.run(works)),
    ];
    if peers {
        let mut shared = Forever::new(life, Names::Shared);
        let mut tokio = peers::tokio::Forever::new(life);
        let mut stakker = peers::stakker::Forever::new(life);
        all.push(counted("crankwork, one name", move || shared.run(works)));
        all.push(Contender::new("tokio JoinSet", move || {
            timed(works, || tokio.run(works)).0
        }));
        all.push(counted("stakker actor", move || stakker.run(works)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lives::ALIVE;

    #[test]
    fn every_contender_ends_as_many_works_as_a_round_has() {
        let works = 3 * ALIVE;
        for (name, life) in LIVES {
            for mut contender in contenders(life, works, true) {
                let rounds = [(); 2].map(|()| (contender.round)().ops);
                let (row, most) = (contender.name, works + ALIVE);
                assert!(
                    rounds.iter().all(|ops| (works..=most).contains(ops)),
                    "{name}, {row}: {rounds:?}"
                );
            }
        }
    }
}
