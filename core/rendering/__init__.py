"""From a field and rays to colours: sampling, volume rendering, and pictures that sharpen."""
