//! The integration tests: one binary.

mod abort;
mod ancestors;
mod compose;
mod errors;
mod exports;
mod extremes;
mod laws;
mod model;
mod model_agrees;
mod readme;
mod regressions;
mod scale;
mod shared_data;
mod stellar;
mod surface;
mod temp_file;
mod tidy;
mod wheel;
mod wheel_ops;
mod workbench;
mod workflow_cli;
mod workflow_example;
mod workflow_input;
mod workflow_policy;
mod workflow_report;
mod world;
