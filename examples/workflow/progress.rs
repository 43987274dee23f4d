//! The progress bar: on stderr, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::duration;

/// Shows how many tasks are done, and the time in the workflow.
pub struct Bar {
    bar: ProgressBar,
    /// The number of tasks between two updates, since formatting the time costs more than a turn.
    stride: usize,
}

impl Bar {
    /// Makes a bar for `tasks` tasks. With `hidden` it shows nothing, terminal or not.
    pub fn new(tasks: usize, hidden: bool) -> Bar {
        const STEPS: usize = 200;
        const TEMPLATE: &str = "{bar:40} {pos}/{len} tasks, {msg}";
        let target = if hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(tasks as u64), target);
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is constant");
        bar.set_style(style);
        Bar {
            bar,
            stride: (tasks / STEPS).max(1),
        }
    }

    /// Shows that `done` tasks are done at `now_ns`, nanoseconds of virtual time.
    pub fn update(&self, done: usize, now_ns: u64) {
        if done.is_multiple_of(self.stride) {
            self.bar.set_message(duration(now_ns));
            self.bar.set_position(done as u64);
        }
    }

    /// Takes the bar away, since the table comes in its place.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
