//! Asynchronous work that ends at Ctrl-C.

use super::Failure;

/// Runs a future to its end, unless the user or the system asks the process to stop.
///
/// Nothing has been written by then: files change only after every answer is there. Once this has been called, a signal
/// during the short time of writing no longer ends the process, so that no temporary file stays behind.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = stop() => Err(Failure::new(Interrupted)),
            value = work => Ok(value),
        }
    })
}

#[cfg(unix)]
async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

#[cfg(not(unix))]
async fn stop() {
    let _ = tokio::signal::ctrl_c().await;
}

#[derive(Debug, thiserror::Error)]
#[error("interrupted: nothing was written")]
struct Interrupted;
