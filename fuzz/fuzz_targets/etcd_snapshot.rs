//! Any bytes are a snapshot of etcd or none: reading ends, hands out no more than the file can hold, and never panics.

#![no_main]

use std::io::Cursor;
use std::ops::ControlFlow;

use kship::encryption::Snapshot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut snapshot) = Snapshot::open(Cursor::new(bytes)) else {
        return;
    };
    let mut items = 0;
    let _ = snapshot.read(&mut |_| {
        items += 1;
        ControlFlow::Continue(())
    });
    assert!(items <= bytes.len());
});
