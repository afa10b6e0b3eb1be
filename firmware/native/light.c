#include "light.h"

bool light_rhythm(light_t *light, const char *rhythm)
{
	light_t next = { 0, 0, 0 };

	for (; *rhythm; rhythm++) {
		if (next.length == LIGHT_MOST || (*rhythm != '#' && *rhythm != '.'))
			return false;
		if (*rhythm == '#')
			next.lit |= UINT32_C(1) << next.length;
		next.length++;
	}
	if (next.length == 0)
		return false;
	*light = next;
	return true;
}

bool light_next(light_t *light)
{
	if (light->length == 0)
		return false;
	bool lit = (light->lit >> light->at) & 1;
	light->at = (uint8_t)((light->at + 1) % light->length);
	return lit;
}
