//! kship's readers against recorded readings of the tools that it must agree with.

mod corpus;
mod shared;
mod yaml;

/// Runs what is asynchronous to its end.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}
