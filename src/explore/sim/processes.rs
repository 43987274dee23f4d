//! Scripted processes under faults. The script is the test's, so this file only says what goes wrong.

use super::Sim;
use crate::explore::core::Shared;
use crate::explore::item::Family;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What faults do to one start of a process: by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessFate {
    /// How much longer the process takes, in virtual time.
    pub longer: Duration,
    /// The code with which it exits instead of its own.
    pub exit: Option<i32>,
}

/// Says what faults do to processes: see [`Sim::process_faults`].
pub struct ProcessFaults {
    core: Shared,
    starts: BTreeMap<String, u32>,
}

impl ProcessFaults {
    /// Returns what happens to the next start of a program. Faults call it by this name and the number of the start.
    pub fn start(&mut self, program: &str) -> ProcessFate {
        let start = self.starts.entry(program.to_owned()).or_default();
        *start += 1;
        let core = &mut *self.core.borrow_mut();
        let longer = core.fire(Family::Process, program, *start);
        let exit = core.fire(Family::Exit, program, *start);
        ProcessFate {
            longer: longer.unwrap_or_default().time,
            exit: exit.map(|amount| amount.code),
        }
    }
}

impl fmt::Debug for ProcessFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessFaults({:?})", self.starts)
    }
}

impl Sim {
    /// Returns what says how processes fare under [`Family::Process`] and [`Family::Exit`], for the plan of scripted
    /// processes: `Script::slower` and `Script::exits` take it.
    ///
    /// ```
    /// use crankwork::explore::{Explore, Sim};
    /// # #[cfg(feature = "process")] {
    /// use crankwork::process::{CommandLine, Exit, Script, ScriptedProcesses};
    ///
    /// Explore::new().runs(1).run(|sim: &mut Sim| {
    ///     let mut faults = sim.process_faults();
    ///     let processes = ScriptedProcesses::new(move |command: &CommandLine| {
    ///         let fate = faults.start(&command.program.to_string_lossy());
    ///         let script = Script::success().slower(fate.longer);
    ///         Ok(match fate.exit {
    ///             Some(code) => script.exits(Exit::Code(code)),
    ///             None => script,
    ///         })
    ///     });
    ///     sim.node("host", processes);
    /// });
    /// # }
    /// ```
    pub fn process_faults(&self) -> ProcessFaults {
        ProcessFaults {
            core: Rc::clone(&self.core),
            starts: BTreeMap::new(),
        }
    }
}
