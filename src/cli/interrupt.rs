//! Asynchronous work that ends at Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Failure;

/// Runs a future to its end, unless the user or the system asks the process to stop.
///
/// Nothing has been written by then: files change only after every answer is there.
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

/// Runs the short work of writing files; a signal during it is ignored, so that no temporary file stays behind.
pub(crate) fn shielded<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stop = std::pin::pin!(stop());
        // A listener that has been asked once replaces what the system would do.
        let _ = std::future::poll_fn(|context| std::task::Poll::Ready(stop.as_mut().poll(context).is_ready())).await;
        Ok(work())
    })
}

/// Runs work that writes as it goes; the flag that it gets is set once the user or the system asks the process to stop.
pub(crate) fn watched<T>(work: impl FnOnce(&AtomicBool) -> T) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stopped = AtomicBool::new(false);
    let (done, finished) = tokio::sync::oneshot::channel::<()>();
    Ok(std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = finished => {}
                    () = stop() => stopped.store(true, Ordering::Relaxed),
                }
            });
        });
        let value = work(&stopped);
        drop(done);
        value
    }))
}

/// Ends soon after the flag of [`watched`] is set.
pub(crate) async fn set(flag: &AtomicBool) {
    const TICK: std::time::Duration = std::time::Duration::from_millis(50);
    while !flag.load(Ordering::Relaxed) {
        tokio::time::sleep(TICK).await;
    }
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
