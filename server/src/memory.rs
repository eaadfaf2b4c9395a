//! Memory that is free and yet not given back.

/// Gives what the allocator keeps of freed memory back to the system.
///
/// Models and maps are read through buffers that are much larger than what stays of them, and glibc keeps those for later.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "glibc's own function, for any thread at any time (malloc_trim(3): MT-Safe)")]
pub fn give_back() {
    // SAFETY: it takes a number of bytes to leave and touches no memory that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators do it by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn give_back() {}
