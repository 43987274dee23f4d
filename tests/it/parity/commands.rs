//! A command that each attempt makes anew.

use crankwork::process::{
    CommandLine, ProcessHost, ProcessWork, Processes, Script, ScriptedProcesses,
};
use crankwork::{Failure, Retry, Spec, VirtualDriver, WorkContext, WorkScheduler, WorkState};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::Poll;

struct Node {
    processes: ScriptedProcesses,
    mirrors: Vec<&'static str>,
}

impl ProcessHost for Node {
    fn processes(&mut self) -> &mut dyn Processes {
        &mut self.processes
    }
}

/// Fetches from the next mirror in each attempt; without mirrors there is nothing to run.
fn fetch(cx: &mut WorkContext<'_, Node>) -> Poll<Result<(), Failure>> {
    if cx.children().is_empty()
        && let Some(mirror) = cx.app.mirrors.pop()
    {
        cx.spawn(Spec::new("curl", ProcessWork::new("curl").arg(mirror)))?;
    }
    match cx.children().all_done() {
        true => Poll::Ready(Ok(())),
        false => Poll::Pending,
    }
}

fn run(mirrors: &[&'static str]) -> (Option<WorkState>, Vec<String>) {
    let lines: Rc<RefCell<Vec<String>>> = Rc::default();
    let seen = lines.clone();
    let processes = ScriptedProcesses::new(move |command: &CommandLine| {
        seen.borrow_mut().push(command.to_string());
        match command.args[0].to_str() {
            Some("good") => Ok(Script::success()),
            _ => Err(ErrorKind::ConnectionRefused.into()),
        }
    });
    let mut node = Node {
        processes,
        mirrors: mirrors.to_vec(),
    };
    let mut s = WorkScheduler::<Node>::new(Default::default());
    let id = s.add(Spec::new("fetch", fetch).retry(Retry::ONCE)).unwrap();
    s.run_until_done(&mut node, &mut VirtualDriver::new())
        .unwrap();
    (s.state(id), lines.take())
}

#[test]
fn a_command_may_be_made_for_each_attempt_or_not_at_all() {
    let (state, lines) = run(&["good", "bad"]);
    assert_eq!(state, Some(WorkState::Success));
    assert_eq!(lines, ["curl bad", "curl good"]);
    let (state, lines) = run(&["good", "worse", "bad"]);
    assert_eq!(state, Some(WorkState::Failed));
    assert_eq!(lines, ["curl bad", "curl worse"]);
    let (state, lines) = run(&[]);
    assert_eq!((state, lines.len()), (Some(WorkState::Success), 0));
}
