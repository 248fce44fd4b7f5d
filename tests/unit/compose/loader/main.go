// Loads a compose file with the library that `docker compose` itself uses, every profile switched on, and
// prints the model as JSON: go run . FILE... with the variables in the environment.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:],
		cli.WithOsEnv, cli.WithInterpolation(true), cli.WithConsistency(true), cli.WithProfiles([]string{"*"}))
	if err == nil {
		project, failure := options.LoadProject(context.Background())
		if err = failure; err == nil {
			model, _ := project.MarshalJSON()
			fmt.Println(string(model))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
