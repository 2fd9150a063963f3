/* SPDX-License-Identifier: MIT */
/* Owns the packet checksum: CRC-32 (ISO-HDLC) of SPEC.md section 5. zlib has it, fast and proven. */
#include "container.h"

#include <zlib.h>

uint32_t kymo_packet_crc(const void *header16, const void *payload, size_t length)
{
    uLong crc = crc32_z(0, header16, 16);
    return (uint32_t)crc32_z(crc, payload, length);
}
