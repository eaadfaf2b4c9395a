//! Builds the crate again when the page was built again: its files are in the binary.

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
}
