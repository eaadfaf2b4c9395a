//! The simulated vehicle on a UDP port, for stations that may be several.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use missions::link::lossy::{Lossy, Odds};
use missions::link::mavlink::simulator::{Model, Simulator};
use missions::link::mavlink::{MavMessage, Peer};

use crate::wire::{decoded, encoded};

/// How long a reading waits.
const WAIT: Duration = Duration::from_millis(10);
/// Most stations that are answered.
const MOST_STATIONS: usize = 16;

/// A vehicle on a port.
pub struct Host {
    vehicle: Simulator,
    socket: UdpSocket,
    stations: Vec<(SocketAddr, Peer)>,
    come: Lossy<(SocketAddr, Peer, MavMessage)>,
    gone: Lossy<MavMessage>,
    sequence: u8,
}

impl Host {
    /// Opens a port for a vehicle whose link has mishaps.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub fn open(model: Model, at: &str, odds: Odds, seed: u64) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(at)?;
        socket.set_read_timeout(Some(WAIT))?;
        Ok(Self {
            vehicle: Simulator::new(model),
            socket,
            stations: Vec::new(),
            come: Lossy::new(odds, seed),
            gone: Lossy::new(odds, seed.wrapping_add(1)),
            sequence: 0,
        })
    }

    /// Returns where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Returns the vehicle.
    pub fn vehicle(&self) -> &Simulator {
        &self.vehicle
    }

    /// Reads what came, lets time pass, and answers.
    ///
    /// # Errors
    /// When the socket breaks.
    pub fn step(&mut self, now: Duration) -> std::io::Result<()> {
        let mut bytes = [0; 4096];
        match self.socket.recv_from(&mut bytes) {
            Ok((length, from)) => {
                for (peer, message) in decoded(&bytes[..length]) {
                    self.come.push((from, peer, message), now);
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock
                        | ErrorKind::TimedOut
                        | ErrorKind::ConnectionRefused
                        | ErrorKind::Interrupted
                ) => {}
            Err(error) => return Err(error),
        }
        for (from, peer, message) in self.come.pull(now) {
            self.meet(from, peer);
            self.vehicle.hear(peer, &message, now);
            self.pass_on(from, peer, &message);
        }
        self.vehicle.tick(now);
        for message in self.vehicle.sends() {
            self.gone.push(message, now);
        }
        for message in self.gone.pull(now) {
            let bytes = encoded(self.vehicle.peer(), self.sequence, &message);
            self.sequence = self.sequence.wrapping_add(1);
            for (station, _) in &self.stations {
                // A station that went away is no fault of the vehicle.
                drop(self.socket.send_to(&bytes, station));
            }
        }
        Ok(())
    }

    fn meet(&mut self, from: SocketAddr, peer: Peer) {
        if !self.stations.iter().any(|(station, _)| *station == from) {
            if self.stations.len() == MOST_STATIONS {
                self.stations.remove(0);
            }
            self.stations.push((from, peer));
        }
    }

    /// Stations hear each other's heartbeats, as behind a router.
    fn pass_on(&mut self, from: SocketAddr, peer: Peer, message: &MavMessage) {
        if matches!(message, MavMessage::HEARTBEAT(_)) {
            let bytes = encoded(peer, self.sequence, message);
            for (station, _) in self.stations.iter().filter(|(station, _)| *station != from) {
                drop(self.socket.send_to(&bytes, station));
            }
        }
    }
}
