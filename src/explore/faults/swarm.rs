//! A swarm: which families a run has, how often they fire, and when.
//!
//! Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing", 2012: runs that leave out half of the features find more than
//! runs that have some of each. Every draw is a hash of the run's seed and of the place, never of what was drawn
//! before. So an edit elsewhere moves no fault.

use super::{Faults, Place};
use crate::explore::item::{Amount, Family};
use crate::explore::seed::hash;
use crate::{Stream, Time};
use std::time::Duration;

/// Intensities in millionths, about evenly spaced by their logarithms: 0.1 to 30 %.
const INTENSITIES: [u64; 16] = [
    1_000, 1_500, 2_000, 3_000, 4_500, 7_000, 10_000, 15_000, 20_000, 30_000, 45_000, 70_000,
    100_000, 150_000, 200_000, 300_000,
];

/// Times in milliseconds, about evenly spaced by their logarithms.
const TIMES: [u64; 13] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];

/// Crashes and cuts stop many works at once, so they are rarer by this factor.
const RARER: u64 = 4;

/// The first runs have none, so that a program that fails without faults is seen to, and estimates are of plain runs.
const PLAIN: u64 = 4;

/// How long a swarm lasts besides a multiple of what plain runs take.
const CHAOS: Duration = Duration::from_secs(10);

/// The faults of one run.
pub(in crate::explore) struct Swarm {
    seed: u64,
    /// For each family, in the order of `Family::ALL`, what it does in this run.
    families: [Option<Active>; Family::ALL.len()],
    /// When the chaos is over.
    pub end: Time,
}

/// A family that is on.
#[derive(Clone, Copy)]
struct Active {
    intensity: u64,
    from: Time,
    to: Time,
}

impl Swarm {
    /// Draws the swarm of a run; `None` if the run has no faults. `horizon` is how long plain runs take.
    #[inline]
    pub fn draw(setting: &Faults, run: u64, seed: u64, horizon: Time) -> Option<Swarm> {
        if run < PLAIN || setting.is_none() {
            return None;
        }
        if Stream::new(hash(seed, b"swarm")).chance(1, 4) {
            return None;
        }
        let families = Family::ALL.map(|family| {
            let mut stream = Stream::new(hash(seed, family.name().as_bytes()));
            let is_off = family != Family::Named && stream.chance(1, 2);
            let active = Active::draw(family, &mut stream, horizon);
            (setting.has(family) && !is_off).then_some(active)
        });
        let length = Duration::from_nanos(horizon.as_nanos()).saturating_mul(4);
        Some(Swarm {
            seed,
            families,
            end: Time::ZERO.saturating_add(length.saturating_add(CHAOS)),
        })
    }

    /// Returns whether a family can fire in this run.
    pub fn has(&self, family: Family) -> bool {
        self.families[family as usize].is_some()
    }

    /// Returns what happens at a place, if something does.
    pub fn fires(&self, family: Family, place: &Place<'_>, now: Time) -> Option<Amount> {
        let active = self.families[family as usize]?;
        if now < active.from || now >= active.to {
            return None;
        }
        let mut stream = match family {
            Family::Named => self.visit(place)?,
            _ => {
                let mut stream = self.stream(family, place);
                if !stream.chance(active.intensity, 1_000_000) {
                    return None;
                }
                stream
            }
        };
        Some(Amount {
            time: Duration::from_millis(TIMES[stream.below(TIMES.len() as u64) as usize]),
            code: 1 + stream.below(3) as i32,
            site: (place.site.0.to_owned(), place.site.1),
        })
    }

    fn stream(&self, family: Family, place: &Place<'_>) -> Stream {
        let numbers = [family as u64, place.key, u64::from(place.number)];
        let seed = numbers
            .into_iter()
            .fold(self.seed, |seed, number| hash(seed, &number.to_le_bytes()));
        Stream::new(seed)
    }

    /// A named place is active in a quarter of the runs, and then fires in a quarter of its visits.
    fn visit(&self, place: &Place<'_>) -> Option<Stream> {
        let (name, visit) = place.site;
        let name = hash(self.seed ^ Family::Named as u64, name.as_bytes());
        let mut stream = self.stream(Family::Named, place);
        let mut stream = Stream::new(stream.next_u64() ^ name ^ u64::from(visit));
        (Stream::new(name).chance(1, 4) && stream.chance(1, 4)).then_some(stream)
    }
}

impl Active {
    fn draw(family: Family, stream: &mut Stream, horizon: Time) -> Active {
        let drawn = INTENSITIES[stream.below(INTENSITIES.len() as u64) as usize];
        let intensity = match family {
            Family::Crash | Family::Cut => drawn / RARER,
            _ => drawn,
        };
        let horizon = horizon.as_nanos();
        let (from, length) = (stream.below(horizon), 1 + stream.below(horizon));
        let (from, to) = match horizon == 0 || stream.chance(1, 2) {
            true => (0, u64::MAX),
            false => (from, from.saturating_add(length)),
        };
        Active {
            intensity,
            from: Time::from_nanos(from),
            to: Time::from_nanos(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_runs_have_faults_and_each_family_half_of_them() {
        let all = Faults::all();
        let draw = |run| Swarm::draw(&all, run, hash(7, &run.to_le_bytes()), Time::ZERO);
        assert!((0..4).all(|run| draw(run).is_none()));
        let swarms: Vec<Swarm> = (4..1_004).filter_map(draw).collect();
        assert!((700..800).contains(&swarms.len()), "{}", swarms.len());
        for family in Family::ALL {
            let with = swarms.iter().filter(|swarm| swarm.has(family)).count();
            let share = with * 100 / swarms.len();
            let expected = if family == Family::Named {
                100..101
            } else {
                40..60
            };
            assert!(expected.contains(&share), "{family:?} {share}");
        }
    }
}
