//! Scripted processes under faults.

use super::Sim;
use crate::explore::item::Family;
use crate::process::{CommandLine, Exit, Script, ScriptedProcesses};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

impl Sim {
    /// Returns processes that follow `plan`, as [`ScriptedProcesses::new`] does, and have the faults of [`Family::Process`]
    /// and [`Family::Exit`]. Faults call a process by its program and the number of its start.
    pub fn processes(
        &mut self,
        mut plan: impl FnMut(&CommandLine) -> io::Result<Script> + 'static,
    ) -> ScriptedProcesses {
        let core = Rc::clone(&self.core);
        let mut starts: BTreeMap<String, u32> = BTreeMap::new();
        ScriptedProcesses::new(move |command| {
            let script = plan(command)?;
            let program = command.program.to_string_lossy().into_owned();
            let start = starts.entry(program.clone()).or_default();
            *start += 1;
            let core = &mut *core.borrow_mut();
            let longer = core.fire(Family::Process, &program, *start);
            let script = script.slower(longer.unwrap_or_default().time);
            Ok(match core.fire(Family::Exit, &program, *start) {
                Some(amount) => script.exits(Exit::Code(amount.code)),
                None => script,
            })
        })
    }
}
