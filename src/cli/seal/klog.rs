//! The logging flags that kubeseal inherits: scripts set them, and kship has no log.

/// Taken and without effect.
#[derive(Debug, clap::Args)]
pub(crate) struct Klog {
    #[arg(short = 'v', long = "v", value_name = "LEVEL", hide = true)]
    verbosity: Option<String>,
    #[arg(long, value_name = "MODULES", hide = true)]
    vmodule: Option<String>,
    #[arg(long = "log_backtrace_at", value_name = "PLACE", hide = true)]
    log_backtrace_at: Option<String>,
    #[arg(long = "log_dir", value_name = "DIR", hide = true)]
    log_dir: Option<String>,
    #[arg(long = "log_file", value_name = "FILE", hide = true)]
    log_file: Option<String>,
    #[arg(long = "log_file_max_size", value_name = "MB", hide = true)]
    log_file_max_size: Option<String>,
    #[arg(long, value_name = "LEVEL", hide = true)]
    stderrthreshold: Option<String>,
    #[arg(long, value_name = "LEVEL", hide = true)]
    alsologtostderrthreshold: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    logtostderr: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    alsologtostderr: Option<String>,
    #[arg(long = "add_dir_header", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    add_dir_header: Option<String>,
    #[arg(long = "legacy_stderr_threshold_behavior", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    legacy_stderr_threshold_behavior: Option<String>,
    #[arg(long = "one_output", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    one_output: Option<String>,
    #[arg(long = "skip_headers", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    skip_headers: Option<String>,
    #[arg(long = "skip_log_headers", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    skip_log_headers: Option<String>,
}
