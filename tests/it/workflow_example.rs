//! The example's own modules, so that its parsing and its policy can be tested without a process.
//!
//! The reference model is here too, which is no part of the example. They refer to each other through `super::`: that
//! is this module here, and `main.rs` in the example.

#[path = "../../examples/workflow/decimal.rs"]
pub mod decimal;
#[path = "../../examples/workflow/edge_list.rs"]
pub mod edge_list;
#[path = "../../examples/workflow/failures.rs"]
pub mod failures;
#[path = "../../examples/workflow/input.rs"]
pub mod input;
#[path = "../../examples/workflow/options.rs"]
pub mod options;
#[path = "workflow_reference.rs"]
pub mod reference;
#[path = "../../examples/workflow/report.rs"]
pub mod report;
#[path = "../../examples/workflow/run.rs"]
pub mod run;
#[path = "../../examples/workflow/schedule.rs"]
pub mod schedule;
#[path = "../../examples/workflow/wfformat.rs"]
pub mod wfformat;
#[path = "../../examples/workflow/workflow.rs"]
pub mod workflow;
