//! Dependencies and cycles.

use super::Model;

/// Something that others wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Start(usize),
    End(usize),
}

impl Model {
    /// Whether the end of `work` needs the end of `other`.
    pub(super) fn needs_settled(&self, work: usize, other: usize) -> bool {
        self.reaches(Event::End(work), Event::End(other))
    }

    /// Whether the end of `work` needs the start of `other`.
    pub(super) fn start_is_needed(&self, work: usize, other: usize) -> bool {
        self.reaches(Event::End(work), Event::Start(other))
    }

    fn reaches(&self, from: Event, to: Event) -> bool {
        let mut seen = vec![from];
        let mut at = 0;
        while at < seen.len() {
            for next in self.waits_for(seen[at]) {
                if !seen.contains(&next) {
                    seen.push(next);
                }
            }
            at += 1;
        }
        seen.contains(&to)
    }

    fn waits_for(&self, event: Event) -> Vec<Event> {
        let (Event::Start(work) | Event::End(work)) = event;
        if self.state(work).is_none_or(|s| s.is_settled()) {
            return Vec::new();
        }
        match event {
            Event::End(_) => {
                let children = self.live_children(work).into_iter().map(Event::End);
                std::iter::once(Event::Start(work))
                    .chain(children)
                    .collect()
            }
            Event::Start(_) => {
                let open = self
                    .edges
                    .iter()
                    .filter(|e| e.after == work && !e.satisfied);
                let parent = self.w(work).parent.filter(|_| !self.w(work).orphan);
                let parent = parent.filter(|&p| !self.w(p).in_attempt);
                open.map(|e| Event::End(e.before))
                    .chain(parent.map(Event::Start))
                    .collect()
            }
        }
    }
}
