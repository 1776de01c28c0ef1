"""What Waybill costs and does beside what its users would pick instead: `./justw bench`."""
